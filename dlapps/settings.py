"""What every section of a config is built from."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One section of a config: typed, unchangeable, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

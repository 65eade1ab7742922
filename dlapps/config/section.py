"""What every section of a config is built from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


def _from_anywhere(path: Path) -> Path:
    return path.expanduser().absolute()


UserPath = Annotated[Path, AfterValidator(_from_anywhere)]
"""A path made absolute, so that a run finds its data from any directory."""


def check_path(path: Path | None, name: str, takers: Sequence[str]) -> None:
    """Raises ValueError unless `data.path` is given where, and only where, `name` is a taker."""
    if path is None and name in takers:
        raise ValueError(f"data.path is missing; {name} is read from --set data.path=PATH")
    if path is not None and name not in takers:
        raise ValueError(f"data.path goes with data.name {' or '.join(takers)}, and only with it")


class Section(BaseModel):
    """One section of a config: typed, unchangeable, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

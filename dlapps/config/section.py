"""What every section of a config is built from."""

import dataclasses
import errno
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

Positive = Annotated[int, Field(gt=0)]
StridedKernel = Annotated[int, Field(ge=2)]
"""The size of a kernel that moves by more than one place: of size 1, it would skip most of them."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What NumPy's generators take."""
BatchSize = Annotated[int, Field(gt=0, le=2**20)]
"""Examples at once. More than a million are a slip of the keyboard: the largest batches that were
ever published have tens of thousands (LAMB's 65,536), and memory would end before training began.
"""
Fraction = Annotated[float, Field(ge=0, lt=1)]
UpTo1 = Annotated[float, Field(ge=0, le=1)]


def _from_anywhere(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("no path has a null character")
    try:
        absolute = path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("there is no such home directory") from error
    try:
        absolute.lstat()
    except OSError as error:
        # That it is not there, or not to be read, matters only to those who will read it.
        if error.errno == errno.ENAMETOOLONG:
            raise ValueError("no file system takes so long a name") from error
    return absolute


UserPath = Annotated[Path, AfterValidator(_from_anywhere)]
"""A path made absolute, so that a run finds its data from any directory."""


@dataclasses.dataclass(frozen=True)
class Ingredient:
    """Marks a path as that of a finished run of an application, which this one builds on.

    What it learned is recorded by its digest.
    """

    application: str


ClassifierRun = Annotated[UserPath, Ingredient("classification")]
"""A finished run of a classifier."""


def check_path(path: Path | None, name: str, takers: Sequence[str]) -> None:
    """Raises ValueError unless `data.path` is given where, and only where, `name` is a taker."""
    if path is None and name in takers:
        raise ValueError(f"data.path is missing; {name} is read from --set data.path=PATH")
    if path is not None and name not in takers:
        raise ValueError(f"data.path goes with data.name {' or '.join(takers)}, and only with it")


class Section(BaseModel):
    """One section of a config: typed, unchangeable, and closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    @field_validator("*")
    @classmethod
    def _fits_in_64_bits(cls, value: Any) -> Any:
        """TensorFlow and NumPy have no larger integers."""
        numbers = value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(number, int) and not -(2**63) <= number < 2**63 for number in numbers):
            raise ValueError("it does not fit in 64 bits")
        return value

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, given: Any) -> Any:
        """A word for a section that has a name is that name: `optimizer: sgd`."""
        is_name = isinstance(given, str) and "name" in cls.model_fields
        return {"name": given} if is_name else given

    def ingredients(self, prefix: str = "") -> Iterator[tuple[str, Path, str]]:
        """The setting, the path and the application of each finished run named here or below."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, Section):
                yield from value.ingredients(f"{prefix}{name}.")
            for mark in _marks(field) if value is not None else ():
                yield prefix + name, value, mark.application


class DataSettings(Section):
    """The `data:` section of a config; each application adds what it must know of its data."""

    name: str
    batch_size: BatchSize


def _marks(field: FieldInfo) -> list[Ingredient]:
    """What marks a field's type, or a branch of it where it is a union."""
    branches = typing.get_args(field.annotation)
    marks = [*field.metadata, *(mark for branch in branches for mark in typing.get_args(branch))]
    return [mark for mark in marks if isinstance(mark, Ingredient)]

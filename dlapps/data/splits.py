"""Examples in memory, and their division into train, validation and test."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from dlapps.config.section import Section
from dlapps.errors import UsageError, in_short

Item = TypeVar("Item")


class Split(Protocol):
    """What is learned from or measured on: examples, or the episodes of an agent."""

    def __len__(self) -> int: ...

    def fingerprint(self) -> str:
        """A digest that changes when the data do."""


SplitT = TypeVar("SplitT", bound=Split)
SpecT = TypeVar("SpecT", bound=Section)


@dataclasses.dataclass(frozen=True)
class Examples:
    """The examples of one split: named columns whose first axis counts the examples.

    `read`, where given, fetches inside the input pipeline what a batch of rows stands for, for
    what does not fit in memory (numbers become records); then `load` turns one row at a time into
    its final form (a path or a record becomes an image). `places` are the columns that say where
    something lies and not what it is; another column must hold its digest, or `source` that of all
    that is read. `names`, bytes [N], say which example of its source each is; no batch holds them.
    """

    columns: Mapping[str, np.ndarray]
    load: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    places: tuple[str, ...] = ()
    read: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    source: str = ""
    names: np.ndarray | None = None

    def __post_init__(self):
        lengths = {name: len(column) for name, column in self.columns.items()}
        if self.names is not None:
            lengths["names"] = len(self.names)
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns differ in length: {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, rows: slice | np.ndarray) -> "Examples":
        return dataclasses.replace(
            self,
            columns={name: column[rows] for name, column in self.columns.items()},
            names=None if self.names is None else self.names[rows],
        )

    def fingerprint(self) -> str:
        """The SHA-256 of all columns but the places: what data a run really saw."""
        digest = hashlib.sha256(self.source.encode())
        for name in sorted(self.columns.keys() - set(self.places)):
            column = np.ascontiguousarray(self.columns[name])
            digest.update(f"{name} {column.dtype} {column.shape}".encode())
            # An array of objects holds addresses, so what lies there is taken, and how long it is.
            for part in column if column.dtype == object else [column]:
                value = part if isinstance(part, bytes) else np.ascontiguousarray(part).data
                digest.update(f"{len(part)} ".encode())
                digest.update(value)
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True, eq=False)
class Data(Generic[SplitT, SpecT]):
    """Splits by name, whichever there are, and what a model must know of them.

    Most have `train` to learn from, `validation` to choose by and `test` to be measured on. The
    spec (shapes, class names, vocabularies) is kept beside the trained model.
    """

    splits: Mapping[str, SplitT]
    spec: SpecT

    def __getitem__(self, split: str) -> SplitT:
        return self.splits[split]

    def held_out(self) -> list[str]:
        """The names of the splits that nothing is learned from."""
        return [name for name in self.splits if name != "train"]

    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of each split, by its name."""
        return {name: split.fingerprint() for name, split in self.splits.items()}


def numbered(split: str, count: int) -> np.ndarray:
    """bytes [N]: names for examples that their source only counts, such as train/17."""
    return np.array([f"{split}/{number}" for number in range(count)], "S")


def carve(examples: Examples, size: int, seed: int = 0) -> tuple[Examples, Examples]:
    """The examples in two parts, the second of `size`, by a fixed permutation of their rows."""
    # RandomState's streams are frozen; Generator's may change with NumPy, and the split with them.
    order = np.random.RandomState(seed).permutation(len(examples))
    return examples[np.sort(order[size:])], examples[np.sort(order[:size])]


def carve_tenths(items: Sequence[Item], names: Sequence[str]) -> dict[str, list[Item]]:
    """`train` and, for each of `names`, a tenth of the items, rounded but at least one.

    A fixed permutation deals them out, the same on every machine and for every run's seed; within
    each part they keep their order. Items too few to leave one in train all stay there.
    """
    share = max(1, round(len(items) / 10)) if len(items) > len(names) else 0
    order = np.random.RandomState(0).permutation(len(items))
    parts = {}
    for name in names:
        chosen, order = order[:share], order[share:]
        parts[name] = [items[index] for index in sorted(chosen)]
    return parts | {"train": [items[index] for index in sorted(order)]}


FEWEST_OF_A_CLASS = 3
"""One for each split."""


def carve_tenths_of_classes(
    labels: np.ndarray, class_names: Sequence[str], path: Path, noun: str
) -> dict[str, list[int]]:
    """The rows of train, validation and test, a tenth of each class in each of the latter.

    Raises UsageError, which calls them by `noun`, where a class has too few in the file at `path`.
    """
    rows: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for label, name in enumerate(class_names):
        own = np.flatnonzero(labels == label)
        if len(own) < FEWEST_OF_A_CLASS:
            raise UsageError(
                f"{path} has {len(own)} {noun} of class {in_short(name)}; at least "
                f"{FEWEST_OF_A_CLASS} of each class are needed, one for each split."
            )
        for split, chosen in carve_tenths(own.tolist(), ["validation", "test"]).items():
            rows[split] += chosen
    return {split: sorted(chosen) for split, chosen in rows.items()}

"""Which examples of a data set take part: none of a list of faulty ones, none of a fold."""

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import numpy as np
from pydantic import Field, model_validator

from dlapps.config.section import DataSettings, Section, Seed, UserPath
from dlapps.data.sources.user_files import read_file
from dlapps.data.splits import Data, Examples
from dlapps.errors import UsageError, in_short

LEFT_OUT = "left_out"
"""The split of the examples that a fold takes from train."""
NAME = "example"
"""The column of a list that says which example is meant."""
COMMENT = "# "
FINGERPRINT = f"{COMMENT}data "

SpecT = TypeVar("SpecT", bound=Section)


class Fold(Section):
    """One of several parts of train, of about one size; which is which is drawn by `seed`."""

    number: Annotated[int, Field(ge=0)]
    of: Annotated[int, Field(ge=2)]
    seed: Seed = 0

    @model_validator(mode="after")
    def _check_number(self):
        if self.number >= self.of:
            raise ValueError(f"of {self.of} folds, the last is number {self.of - 1}")
        return self


class SelectedData(DataSettings):
    """Data of which some examples may take no part."""

    exclude: UserPath | None = None
    """A list of examples that are left out of the split they belong to, as `suspects` writes it."""
    left_out: Fold | None = None
    """A fold of train that nothing is learned from: `suspects` trains a run for each."""


def fold_numbers(num_examples: int, num_folds: int, seed: int) -> np.ndarray:
    """int64 [N]: the fold of each example, from 0; their sizes differ by at most 1."""
    # RandomState's streams are frozen; Generator's may change with NumPy, and the folds with them.
    order = np.random.RandomState(seed).permutation(num_examples)
    numbers = np.empty(num_examples, np.int64)
    numbers[order] = np.arange(num_examples) % num_folds
    return numbers


def without_fold(data: Data[Examples, SpecT], fold: Fold | None) -> Data[Examples, SpecT]:
    """The data with the examples of a fold in a split `left_out` of their own, and not in train.

    Raises UsageError where train has fewer examples than there are folds.
    """
    if fold is None:
        return data
    train = data["train"]
    if fold.of > len(train):
        raise UsageError(f"{len(train)} examples to learn from cannot fall into {fold.of} folds.")
    is_in_fold = fold_numbers(len(train), fold.of, fold.seed) == fold.number
    parts = {"train": train[~is_in_fold], LEFT_OUT: train[is_in_fold]}
    return Data({**data.splits, **parts}, data.spec)


def without_listed(data: Data[Examples, SpecT], path: Path | None) -> Data[Examples, SpecT]:
    """The data without the examples that the list at `path` names.

    Raises UsageError where it is none, where it is a list for other data, where it names what is
    no example, and where a split, or a class of train, would lose all it has.
    """
    if path is None:
        return data
    listed = read_list(path)
    names = np.concatenate([_names_of(examples) for examples in data.splits.values()])
    if listed.fingerprint not in ("", data_fingerprint(data)):
        raise UsageError(
            f"data.exclude: {path} is a list for other data than these: what is called "
            f"{in_short(os.fsdecode(names[0]))} here may be another example there."
        )
    _refuse_unknown(path, listed.lines, names)
    splits = {
        split: examples[~np.isin(_names_of(examples), np.array([*listed.lines], "S"))]
        for split, examples in data.splits.items()
    }
    for split, examples in splits.items():
        if not len(examples):
            raise UsageError(f"data.exclude: {path} leaves no example in the {split} split.")
    _refuse_lost_classes(path, data["train"], splits["train"])
    return Data(splits, data.spec)


def _names_of(examples: Examples) -> np.ndarray:
    assert examples.names is not None, "data that may be selected from name their examples"
    return examples.names


def _refuse_unknown(path: Path, lines: Mapping[bytes, int], names: np.ndarray) -> None:
    unknown = lines.keys() - set(names.tolist())
    if unknown:
        first = min(unknown, key=lambda name: lines[name])
        raise UsageError(
            f"data.exclude: line {lines[first]} of {path} names {in_short(os.fsdecode(first))}, "
            f"no example of these data; one of them is {in_short(os.fsdecode(names[0]))}."
        )


def _refuse_lost_classes(path: Path, before: Examples, now: Examples) -> None:
    if "label" in before.columns:
        lost = set(before.columns["label"].tolist()) - set(now.columns["label"].tolist())
        if lost:
            raise UsageError(
                f"data.exclude: {path} leaves no example to learn class number {min(lost)} from."
            )


def data_fingerprint(data: Data[Examples, Any]) -> str:
    """A digest of what nothing is learned from: neither num_train nor a fold changes that."""
    digests = [data[split].fingerprint() for split in ("validation", "test")]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


class ExampleList(NamedTuple):
    """The examples in a list."""

    lines: dict[bytes, int]
    """The line of each, by its name."""
    fingerprint: str
    """That of the data it was made for; empty where names alone say what is meant."""


def read_list(path: Path) -> ExampleList:
    """The names in the first column of a CSV file; of lines with `# ` only the first is read.

    Raises UsageError where it is no such file.
    """
    try:
        text = os.fsdecode(read_file(path))
    except OSError as error:
        raise UsageError(f"data.exclude: {path} cannot be read: {error.strerror}.") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines, fingerprint = {}, ""
    try:
        for row in rows:
            first = row[0] if row else ""
            if first.startswith(FINGERPRINT):
                fingerprint = first.removeprefix(FINGERPRINT)
            elif first and first != NAME and not first.startswith(COMMENT):
                lines[os.fsencode(first)] = rows.line_num
    except csv.Error as error:
        raise UsageError(
            f"data.exclude: line {rows.line_num} of {path} is not CSV: {error}."
        ) from error
    return ExampleList(lines, fingerprint)


def list_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], fingerprint: str) -> bytes:
    """What `read_list` reads, with all that the rows say; the first of `columns` is `example`."""
    text = io.StringIO(newline="")
    if fingerprint:
        text.write(f"{FINGERPRINT}{fingerprint}\n")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return os.fsencode(text.getvalue())

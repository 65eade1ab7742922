"""The user's own points in the plane, as a table of coordinates and classes."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlapps.data.sources.user_files import read_file
from dlapps.data.splits import carve_tenths_of_classes, numbered
from dlapps.errors import UsageError, in_short

HEADER = ["x", "y", "class"]
FARTHEST = 1e6
"""Of a coordinate; a network learns nothing of what is farther from the others."""


class LoadedPoints(NamedTuple):
    """Of each split "point" float32 [N, 2] and "label" int32 [N], and what the labels mean."""

    splits: dict[str, dict[str, np.ndarray]]
    class_names: tuple[str, ...]
    names: dict[str, np.ndarray]
    """Of each split which point of the file each is, bytes [N]."""


def load_point_file(path: Path) -> LoadedPoints:
    """Returns train, validation and test of a CSV file whose first line is x,y,class.

    Classes may be called anything; a tenth of each, at least one point, validates and as many
    test, by a fixed permutation. Raises UsageError, which names the line.
    """
    points, names = _read(path)
    class_names = sorted(set(names))
    if len(class_names) < 2:
        raise UsageError(f"{path} has {len(class_names)} classes of points; 2 are needed at least.")
    labels = np.array([class_names.index(name) for name in names], np.int32)
    rows = carve_tenths_of_classes(labels, class_names, path, "points")
    everything = np.array(points, np.float32)
    splits = {
        split: {"point": everything[chosen], "label": labels[chosen]}
        for split, chosen in rows.items()
    }
    numbers = numbered("all", len(labels))
    of_split = {split: numbers[chosen] for split, chosen in rows.items()}
    return LoadedPoints(splits, tuple(class_names), of_split)


def _read(path: Path) -> tuple[list[tuple[float, float]], list[str]]:
    """The coordinates and the class of each point."""
    try:
        text = read_file(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is no text file that can be read; expected is a table in CSV whose first "
            "line is x,y,class."
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    points, names = [], []
    try:
        header = next(reader, [])
        if [cell.strip() for cell in header] != HEADER:
            raise ValueError("is the header, and must be x,y,class")
        for row in reader:
            if row:
                points.append(_point(row))
                names.append(row[2].strip())
    except (ValueError, csv.Error) as error:
        raise UsageError(f"{path}, line {max(reader.line_num, 1)}: it {error}.") from error
    return points, names


def _point(row: list[str]) -> tuple[float, float]:
    if len(row) != len(HEADER) or not row[2].strip():
        raise ValueError("is not x,y,class, such as 0.5,-1.2,red")
    try:
        x, y = float(row[0]), float(row[1])
    except ValueError:
        raise ValueError(
            f"has coordinates that are no numbers: {in_short(','.join(row))}"
        ) from None
    # Not a number is not less than anything.
    if not (abs(x) <= FARTHEST and abs(y) <= FARTHEST):
        raise ValueError(f"has a coordinate beyond {FARTHEST:,.0f}")
    return x, y

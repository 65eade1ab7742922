"""Masks that tell objects apart: one image with a number an object, or an image for each."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from dlapps.applications.segmentation.mask_values import COLOUR, VOID, read_mask
from dlapps.data.splits import Examples
from dlapps.errors import UsageError
from dlapps.losses.border_weights import border_weights, connected_instances
from dlapps.progress import progress

MASK_SUFFIXES = (".png", ".bmp", ".gif")
MOST_INSTANCES = 2**16 - 1
CLASSES = ("background", "object")


def mask_files(path: Path) -> list[Path]:
    """The file itself, or those that a folder of masks holds, by their names."""
    if not path.is_dir():
        return [path]
    return sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in MASK_SUFFIXES and not file.name.startswith(".")
    )


def folders_of_masks(masks: Path, names: Iterable[str]) -> dict[str, Path]:
    """Those of the images that have a folder of masks, by their names."""
    return {name: masks / name for name in names if (masks / name).is_dir()}


def read_instances(path: Path, size: tuple[int, int]) -> np.ndarray:
    """uint16 [height, width]: a number for each object, 0 for what belongs to none.

    Of a file each value but 0, or each colour but black, is an object; of a folder each file,
    wherever it is not 0, and where they overlap the last. Raises what `read_mask` does, and
    UsageError for more objects than there are numbers.
    """
    if path.is_dir():
        instances = np.zeros(size, np.uint16)
        files = mask_files(path)
        _check_count(len(files), path)
        for number, file in enumerate(files, 1):
            values = read_mask(file, size)
            instances[(values != 0) & (values != COLOUR)] = number
        return instances
    values = read_mask(path, size)
    numbers, indices = np.unique(np.where(values == COLOUR, 0, values), return_inverse=True)
    _check_count(len(numbers), path)
    first = 0 if numbers[0] == 0 else 1
    return (indices + first).reshape(size).astype(np.uint16)


def _check_count(count: int, path: Path) -> None:
    if count > MOST_INSTANCES:
        raise UsageError(
            f"{path} holds {count} objects; {MOST_INSTANCES} are the most there can be."
        )


def with_borders(examples: Examples, sigma: float) -> Examples:
    """The examples with a column border, float32 [N, H, W], as `border_weights` has it.

    Objects are those of the column instances; where there is none, each connected region of a class
    but the first is one.
    """
    columns = examples.columns
    instances: Iterator[np.ndarray]
    if "instances" in columns:
        instances = iter(columns["instances"])
    else:
        instances = (connected_instances(mask, VOID) for mask in columns["mask"])
    rows = progress(instances, "Weighing borders", total=len(examples))
    border = np.stack([border_weights(each, sigma) for each in rows])
    return dataclasses.replace(examples, columns={**columns, "border": border})

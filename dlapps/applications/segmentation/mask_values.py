"""What the values in the user's masks stand for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from dlapps.data.sources.user_files import open_file
from dlapps.errors import UsageError

VOID = 255
"""The index, in our masks, of a pixel that belongs to no class."""
MOST_CLASSES = 64
"""More values than this are no classes but the traces of a lossy file format."""


def read_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Returns the values in a mask, [height, width], by nearest neighbour where it is resized.

    Those are the indices of an image with a palette, and the levels of a grey one. Raises
    UsageError for an image in colours, and what Pillow does for what is no image.
    """
    with open_file(path) as file, Image.open(file) as image:
        image.load()
        is_as_asked = image.size == size[::-1]
        values = np.asarray(
            image if is_as_asked else image.resize(size[::-1], Image.Resampling.NEAREST)
        )
    if values.ndim == 3:
        colours = values[..., :3] if values.shape[2] > 2 else values[..., :1]
        if np.any(colours != colours[..., :1]):
            raise UsageError(
                f"The mask {path} is in colours; a mask is grey, or has a palette, and holds one "
                "value a class."
            )
        values = colours[..., 0]
    return values.astype(np.uint8) if values.dtype == bool else values


def decide_values(
    found: Sequence[int], class_names: Sequence[str] | None, path: Path
) -> tuple[int, ...]:
    """Returns the mask value of each class, where only the values `found` in all masks are known.

    With class names these are 0, 1, 2, ... if no other is found; else the values in their order.
    """
    if len(found) > MOST_CLASSES:
        raise UsageError(
            f"The masks in {path} hold {len(found)} different values, too many for classes: save "
            "them without loss (PNG), or name the values that count with data.mask_values."
        )
    if not found:
        raise UsageError(
            f"Every pixel of the masks in {path} has the value that data.void_value says to "
            "ignore; two classes are needed."
        )
    if class_names is not None:
        if max(found) < len(class_names):
            return tuple(range(len(class_names)))
        if len(found) != len(class_names):
            raise UsageError(
                f"The masks in {path} hold the values {_listed(found)}, but data.class_names has "
                f"{len(class_names)} names. Say with data.mask_values which value is which class."
            )
    if len(found) < 2:
        raise UsageError(
            f"All masks in {path} hold one value only, {found[0]}; two classes are needed."
        )
    return tuple(found)


def to_classes(
    mask: np.ndarray, values: Sequence[int], void_value: int | None, path: Path
) -> np.ndarray:
    """Returns the mask as uint8 class indices; raises UsageError for a value that is no class."""
    index_of = {value: index for index, value in enumerate(values)}
    if void_value is not None:
        index_of[void_value] = VOID
    found, where = np.unique(mask, return_inverse=True)
    for value in found.tolist():
        if value not in index_of:
            raise UsageError(
                f"The mask {path} holds the value {value}, which is no class: the classes have "
                f"{_listed(values)}. A value to be ignored goes into data.void_value."
            )
    indices = np.array([index_of[value] for value in found.tolist()], np.uint8)
    return indices[where].reshape(mask.shape)


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))

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


COLOUR = 2**24
"""What is added to a colour's number, so that it is no level of grey."""


def read_mask(path: Path, size: tuple[int, int], in_colours: bool = False) -> np.ndarray:
    """Returns the values in a mask, [height, width], by nearest neighbour where it is resized.

    Those are the indices of an image with a palette, the levels of a grey one, and for an image in
    colours `as_number` of each; `in_colours`, they are colours in any case. Raises what Pillow does
    for what is no image.
    """
    with open_file(path) as file, Image.open(file) as image:
        image.load()
        chosen = image.convert("RGB") if in_colours and image.mode in ("P", "1", "L") else image
        is_as_asked = image.size == size[::-1]
        values = np.asarray(
            chosen if is_as_asked else chosen.resize(size[::-1], Image.Resampling.NEAREST)
        )
    if values.ndim == 3:
        colours = values[..., :3] if values.shape[2] > 2 else values[..., :1].repeat(3, axis=2)
        if in_colours or np.any(colours != colours[..., :1]):
            return COLOUR + colours.astype(np.int32) @ np.array([2**16, 2**8, 1], np.int32)
        values = colours[..., 0]
    return values.astype(np.uint8) if values.dtype == bool else values


def as_number(value: int | str) -> int:
    """The value of a mask as `read_mask` gives it: a number, or a colour such as #ff8000."""
    return COLOUR + int(value[1:], 16) if isinstance(value, str) else value


def told(value: int) -> str:
    """The value of a mask as a person writes it."""
    return str(value) if value < COLOUR else f"#{value - COLOUR:06x}"


def decide_values(
    found: Sequence[int], class_names: Sequence[str] | None, path: Path
) -> tuple[int, ...]:
    """Returns the mask value of each class, where only the values `found` in all masks are known.

    With class names these are 0, 1, 2, ... if no other is found; else the values in their order.
    Colours have none, so with class names they have to be told.
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
        if max(found) >= COLOUR:
            raise UsageError(
                f"The masks in {path} hold the colours {_listed(found)}, in no order: say with "
                "data.mask_values which of them is which of data.class_names."
            )
    if len(found) < 2:
        raise UsageError(
            f"All masks in {path} hold one value only, {told(found[0])}; two classes are needed."
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
                f"The mask {path} holds the value {told(value)}, which is no class: the classes "
                f"have {_listed(values)}. A value to be ignored goes into data.void_value."
            )
    indices = np.array([index_of[value] for value in found.tolist()], np.uint8)
    return indices[where].reshape(mask.shape)


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(told, values))

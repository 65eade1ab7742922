"""What the readers of all layouts hand over: images with their boxes, and what was left out."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlapps.data.sources.folders import name_a_few

logger = logging.getLogger(__name__)

ONE_PIXEL = 1.0
"""What rounding, and VOC files that count from 0, put outside without anybody having erred."""


class Boxed(NamedTuple):
    """One image file and the objects in it."""

    path: Path
    boxes: np.ndarray
    """float32 [n, 4]: left, top, right, bottom in pixels of the image as it is stored."""
    names: tuple[str, ...]
    """The class of each."""


class Annotation(NamedTuple):
    """What a file says of one image, before it is held against the image."""

    image: Path
    source: Path
    boxes: Sequence[tuple[float, float, float, float]]
    """Left, top, right, bottom, in pixels or in parts of the image's width and height."""
    names: tuple[str, ...]
    split: str | None = None
    said_size: tuple[int, int] | None = None
    """Height and width of the image the boxes were drawn on, where the file tells."""
    are_parts: bool = False


class Reading(NamedTuple):
    """All annotations of a folder."""

    annotations: list[Annotation]
    splits: frozenset[str] = frozenset()
    """Those that the files tell of, even where none of their images is found."""
    class_names: tuple[str, ...] | None = None
    """In their order, where the files give one."""


class Remarks:
    """What is left out or changed, collected so that each kind takes one warning."""

    def __init__(self):
        self._files: dict[str, list[Path]] = {}

    def add(self, kind: str, file: Path, count: int = 1) -> None:
        """Counts something in a file; `kind` has a %d for how many and a %s for the files."""
        if count:
            self._files.setdefault(kind, []).extend([file] * count)

    def log(self) -> None:
        """Gives one warning a kind."""
        for kind, files in self._files.items():
            logger.warning(kind, len(files), name_a_few(sorted(set(files))))


CLIPPED = "%d boxes lie partly outside their images and are clipped: %s"
DROPPED = "%d boxes have no area inside their images and are left out: %s"
MISSING = "%d annotated images are missing and left out: %s"


def finite(value: str | float) -> float | None:
    """Returns the number, None for what is not one or is not finite."""
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def place(annotation: Annotation, size: tuple[int, int], remarks: Remarks) -> Boxed:
    """Returns the image with those boxes that have an area in it, clipped to its size.

    `size` is (height, width). What is out by at most one pixel is clipped without a remark.
    """
    height, width = size
    corner = np.array([width, height, width, height], np.float64)
    boxes = np.asarray(annotation.boxes, np.float64).reshape(-1, 4)
    boxes = boxes * corner if annotation.are_parts else boxes
    inside = boxes.clip(0, corner).astype(np.float32)
    # Written so that no NaN counts as an area.
    kept = (inside[:, 2] > inside[:, 0]) & (inside[:, 3] > inside[:, 1])
    is_clipped = kept & (np.abs(boxes - inside) > ONE_PIXEL).any(axis=1)
    remarks.add(DROPPED, annotation.image, len(kept) - int(kept.sum()))
    remarks.add(CLIPPED, annotation.image, int(is_clipped.sum()))
    names = tuple(annotation.names[index] for index in np.flatnonzero(kept))
    return Boxed(annotation.image, inside[kept], names)

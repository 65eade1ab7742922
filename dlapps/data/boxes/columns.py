"""Images with boxes around their objects, as columns of arrays that a network can take."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from dlapps.data.boxes.folder import Boxed, Layout, load_box_folder
from dlapps.data.images.decoding import read_image
from dlapps.data.sources.folders import IMAGES, map_in_threads, warn_of_unreadable
from dlapps.data.sources.published import load_published
from dlapps.errors import UsageError

BCCD_CLASSES: tuple[str, ...] = ("RBC", "WBC", "Platelets")
"""In TFDS' order: red cells, white cells, platelets."""
NO_OBJECT = -1
"""Fills the classes of an image that has fewer objects than another."""
MEMORY_LIMIT = 2**32

BoxColumns = Mapping[str, np.ndarray]
"""image uint8 [N, H, W, 3], boxes float32 [N, M, 4] (left, top, right and bottom in pixels of it),
classes int32 [N, M], NO_OBJECT where an image has fewer objects, scale float32 [N] or [N, 2], by
which its width and height were made smaller or larger, and original_size int32 [N, 2], the height
and width it had."""
Lay = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""From an image uint8 [h, w, 3] to one of the size that all have, and its scale: one for both sides
or those of width and height."""


class Laid(NamedTuple):
    """An image at the size that all have, uint8 [H, W, 3]."""

    image: np.ndarray
    scale: np.ndarray
    original_size: tuple[int, int]
    """Height and width."""

    @classmethod
    def by(cls, lay: Lay, image: np.ndarray) -> "Laid":
        laid, scale = lay(tf.constant(image))
        return cls(np.asarray(laid), np.asarray(scale), (image.shape[0], image.shape[1]))


def bccd_columns(size: tuple[int, int], lay: Lay) -> dict[str, BoxColumns]:
    """The blood cells of BCCD, 205 / 87 / 72 images as published.

    Raises UsageError where they do not fit into memory at `size`.
    """
    splits = {}
    published = load_published("bccd")
    check_memory(sum(len(columns["image"]) for columns in published.values()), size, "BCCD")
    for split, columns in published.items():
        images = columns["image"]
        sides = np.array([[*image.shape[1::-1]] * 2 for image in images], np.float32)
        # TFDS has top, left, bottom and right as parts of the image.
        boxes = [
            each[:, [1, 0, 3, 2]] * side
            for each, side in zip(columns["objects/bbox"], sides, strict=True)
        ]
        laid = [Laid.by(lay, image) for image in images]
        splits[split] = box_columns(laid, boxes, list(columns["objects/label"]))
    return splits


def box_folder_columns(
    path: Path,
    layout: Literal["auto", Layout],
    class_names: tuple[str, ...] | None,
    size: tuple[int, int],
    lay: Lay,
) -> tuple[dict[str, BoxColumns], tuple[str, ...]]:
    """The columns of each split, as `load_box_folder` divides a folder, and the classes' names.

    Raises UsageError also where the images do not fit into memory at `size`.
    """
    folder = load_box_folder(path, layout, class_names)
    check_memory(sum(map(len, folder.splits.values())), size, str(path))
    splits = {
        split: _read(boxed, folder.class_names, lay, split)
        for split, boxed in folder.splits.items()
    }
    return splits, folder.class_names


def check_memory(count: int, size: tuple[int, int], where: str) -> None:
    """Raises UsageError where so many images in colour of one size are too many to hold."""
    if count * size[0] * size[1] * 3 > MEMORY_LIMIT:
        raise UsageError(
            f"The {count} images of {where} do not fit into memory at "
            f"{size[0]}x{size[1]}; make them smaller with data.image_size."
        )


def _read(boxed: Sequence[Boxed], class_names: Sequence[str], lay: Lay, split: str) -> BoxColumns:
    laid = lay_files([each.path for each in boxed], lay, f"Reading {split} images")
    readable = [(each, image) for each, image in zip(boxed, laid, strict=True) if image is not None]
    if not readable:
        raise UsageError(f"None of the {split} images can be decoded.")
    number = {name: index for index, name in enumerate(class_names)}
    return box_columns(
        [image for _, image in readable],
        [each.boxes for each, _ in readable],
        [np.array([number[name] for name in each.names], np.int32) for each, _ in readable],
    )


def lay_files(files: Sequence[Path], lay: Lay, description: str) -> list[Laid | None]:
    """Each of the image files, laid; None for those that cannot be decoded, which are named."""

    def read(file: Path) -> Laid | None:
        try:
            return Laid.by(lay, read_image(file, (None, None, 3)))
        except UsageError:
            return None

    laid = map_in_threads(read, files, description)
    unreadable = [file for file, image in zip(files, laid, strict=True) if image is None]
    warn_of_unreadable(unreadable, len(files), IMAGES)
    return laid


def box_columns(
    laid: Sequence[Laid],
    boxes: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
) -> BoxColumns:
    """The columns of images as they were laid, with the boxes of each in pixels of the original."""
    scales = np.array([each.scale for each in laid], np.float32)
    scaled = [its * np.resize(scale, 4) for its, scale in zip(boxes, scales, strict=True)]
    padded, classes = padded_boxes(scaled, labels)
    return {
        "image": np.stack([each.image for each in laid]),
        "boxes": padded,
        "classes": classes,
        "scale": scales,
        "original_size": np.array([each.original_size for each in laid], np.int32),
    }


def padded_boxes(
    boxes: Sequence[np.ndarray], labels: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes float32 [N, M, 4] and classes int32 [N, M] of N images with up to M objects each."""
    most = max(1, *map(len, labels))
    padded = np.zeros((len(labels), most, 4), np.float32)
    classes = np.full((len(labels), most), NO_OBJECT, np.int32)
    for row, (its, of_each) in enumerate(zip(boxes, labels, strict=True)):
        padded[row, : len(its)], classes[row, : len(its)] = its, of_each
    return padded, classes

"""The user's own folder of images and masks, loaded into arrays."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from dlapps.applications.segmentation.instances import CLASSES, mask_files, read_instances
from dlapps.applications.segmentation.mask_pairs import Pair, scan_mask_folder
from dlapps.applications.segmentation.mask_values import (
    COLOUR,
    as_number,
    decide_values,
    read_mask,
    to_classes,
    told,
)
from dlapps.data.images.decoding import read_image
from dlapps.data.images.folder import UNDECODABLE, read_header
from dlapps.data.sources.folders import IMAGES, map_in_threads, warn_of_unreadable
from dlapps.errors import UsageError

Loaded = dict[str, list[tuple[Path, np.ndarray, np.ndarray]]]


DEFAULT_SIZE = (256, 256)
LARGEST_KEPT_SIZE = 1024
"""Images that all have one size are kept at it up to this many pixels a side."""
MEMORY_LIMIT = 2**32


class LoadedMaskFolder(NamedTuple):
    """Arrays of each split, "image", "mask" and maybe "instances", and what they mean."""

    splits: dict[str, dict[str, np.ndarray]]
    channels: int
    class_names: tuple[str, ...]
    resized_to: tuple[int, int] | None


def load_mask_folder(
    path: Path,
    image_size: tuple[int, int] | None = None,
    channels: Literal["auto", 1, 3] = "auto",
    class_names: tuple[str, ...] | None = None,
    mask_values: tuple[int | str, ...] | None = None,
    void_value: int | str | None = None,
    instances: bool = False,
) -> LoadedMaskFolder:
    """Returns train, validation and test of the folder, in the order of `scan_mask_folder`.

    image is uint8 [N, height, width, channels], mask uint8 [N, height, width] with class indices
    or VOID. Without `image_size` (height, width), images that share one size of at most 1024 keep
    it, and others become 256x256. Without `mask_values`, see `decide_values`. Where one mask is in
    colours, or `mask_values` are, all are read as such.

    Pairs that cannot be decoded are left out and named in a warning. Raises UsageError for a mask
    of another size than its image, a value that is no class, and a split that is left empty.
    """
    pairs = scan_mask_folder(path, instances)
    shape, is_kept = _decide_shape(pairs, image_size, channels)
    bytes_a_pixel = shape[2] + (3 if instances else 1)
    if sum(map(len, pairs.values())) * shape[0] * shape[1] * bytes_a_pixel > MEMORY_LIMIT:
        raise UsageError(
            f"The images of {path} do not fit into memory at {shape[0]}x{shape[1]}; make them "
            "smaller with data.image_size."
        )
    names: tuple[str, ...]
    if instances:
        splits = _told_apart(_load(path, pairs, shape, read_instances))
        names = class_names or CLASSES
    else:
        splits, values = _classified(path, pairs, shape, class_names, mask_values, void_value)
        names = class_names or tuple(f"class {told(value)}" for value in values)
    return LoadedMaskFolder(splits, shape[2], names, None if is_kept else shape[:2])


def _told_apart(loaded: Loaded) -> dict[str, dict[str, np.ndarray]]:
    """The arrays of each split, what belongs to an object being of the second class."""
    splits = {}
    for split, examples in loaded.items():
        instances = np.stack([numbers for *_, numbers in examples])
        splits[split] = {
            "image": np.stack([image for _, image, _ in examples]),
            "mask": (instances > 0).astype(np.uint8),
            "instances": instances,
        }
    return splits


def _classified(
    path: Path,
    pairs: dict[str, list[Pair]],
    shape: tuple[int, int, int],
    class_names: tuple[str, ...] | None,
    mask_values: tuple[int | str, ...] | None,
    void_value: int | str | None,
) -> tuple[dict[str, dict[str, np.ndarray]], tuple[int, ...]]:
    """The arrays of each split, and the value of each class."""
    values = None if mask_values is None else tuple(map(as_number, mask_values))
    void = None if void_value is None else as_number(void_value)
    read_colours = functools.partial(read_mask, in_colours=True)
    if values is not None and max(values) >= COLOUR:
        loaded = _load(path, pairs, shape, read_colours)
    else:
        loaded = _load(path, pairs, shape, read_mask)
        if _are_in_colours(loaded):
            # One that happens to be all grey must not be read as levels.
            loaded = {
                split: map_in_threads(
                    lambda each: (*each[:2], read_colours(each[0], shape[:2])),
                    examples,
                    f"Reading the colours of {split} masks",
                )
                for split, examples in loaded.items()
            }
    if values is None:
        masks = (mask for examples in loaded.values() for *_, mask in examples)
        found = set().union(*(np.unique(mask).tolist() for mask in masks)) - {void}
        values = decide_values(sorted(found), class_names, path)
    splits = {
        split: {
            "image": np.stack([image for _, image, _ in examples]),
            "mask": np.stack([to_classes(m, values, void, file) for file, _, m in examples]),
        }
        for split, examples in loaded.items()
    }
    return splits, values


def _decide_shape(
    pairs: dict[str, list[Pair]], size: tuple[int, int] | None, channels: Literal["auto", 1, 3]
) -> tuple[tuple[int, int, int], bool]:
    """Returns height, width and channels, and whether that is the size of all images already."""
    everything = [pair for examples in pairs.values() for pair in examples]
    headers = map_in_threads(_checked_header, everything, "Looking at images and masks")
    known = {header for header in headers if header}
    sizes = {size for size, _ in known}
    if channels == "auto":
        channels = 1 if all(is_grey for _, is_grey in known) else 3
    if size is None:
        shared = min(sizes) if len(sizes) == 1 else None
        size = shared if shared and max(shared) <= LARGEST_KEPT_SIZE else DEFAULT_SIZE
    return (*size, channels), sizes == {size}


def _checked_header(pair: Pair) -> tuple[tuple[int, int], bool] | None:
    """Returns the image's header, None for what is no image; refuses a mask of another size."""
    image = read_header(pair[0])
    for file in mask_files(pair[1]) if image else ():
        mask = read_header(file)
        if image and mask and image[0] != mask[0]:
            (height, width), (mask_height, mask_width) = image[0], mask[0]
            raise UsageError(
                f"The mask {file} is {mask_height}x{mask_width} (height x width), but its image "
                f"{pair[0]} is {height}x{width}; they have to match pixel by pixel."
            )
    return image


def _are_in_colours(loaded: Loaded) -> bool:
    """Whether masks are in colours; raises UsageError where others have one channel only."""
    masks = [(file, mask) for examples in loaded.values() for file, _, mask in examples]
    coloured = next((file for file, mask in masks if mask.max() >= COLOUR), None)
    for file, _ in masks if coloured else ():
        header = read_header(file)
        if header and header[1]:
            raise UsageError(
                f"The mask {coloured} is in colours, but {file} is not. Where both are right, say "
                'with data.mask_values which colours are classes, such as ["#000000", "#ff8000"].'
            )
    return coloured is not None


def _load(
    path: Path,
    pairs: dict[str, list[Pair]],
    shape: tuple[int, int, int],
    read: Callable[[Path, tuple[int, int]], np.ndarray],
) -> Loaded:
    """Returns (mask's file, image, what `read` finds in it) of every pair that can be decoded."""
    loaded, unreadable = {}, []

    def load(pair: Pair) -> tuple[Path, np.ndarray, np.ndarray] | None:
        try:
            image = read_image(pair[0], shape)
        except UsageError:
            unreadable.append(pair[0])
            return None
        try:
            return pair[1], image, read(pair[1], shape[:2])
        except UNDECODABLE:
            unreadable.append(pair[1])
            return None

    for split, listed in pairs.items():
        examples = map_in_threads(load, listed, f"Reading {split} images and masks")
        loaded[split] = [example for example in examples if example is not None]
        if not loaded[split]:
            raise UsageError(f"None of the {split} images in {path} can be decoded.")
    warn_of_unreadable(sorted(unreadable), 2 * sum(map(len, pairs.values())), IMAGES)
    return loaded

"""The user's own folder of images and masks, loaded into arrays."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from dlapps.data.file_kinds import IMAGES
from dlapps.data.folder_reading import map_in_threads, warn_of_unreadable
from dlapps.data.image_folder import UNDECODABLE, read_header
from dlapps.data.images import read_image
from dlapps.data.mask_layout import Pair, scan_mask_folder
from dlapps.data.mask_values import decide_values, read_mask, to_classes
from dlapps.errors import UsageError

DEFAULT_SIZE = (256, 256)
LARGEST_KEPT_SIZE = 1024
"""Images that all have one size are kept at it up to this many pixels a side."""
MEMORY_LIMIT = 2**32


class LoadedMaskFolder(NamedTuple):
    """Arrays of each split, "image" and "mask", and what they mean."""

    splits: dict[str, dict[str, np.ndarray]]
    channels: int
    class_names: tuple[str, ...]
    resized_to: tuple[int, int] | None


def load_mask_folder(
    path: Path,
    image_size: tuple[int, int] | None = None,
    channels: Literal["auto", 1, 3] = "auto",
    class_names: tuple[str, ...] | None = None,
    mask_values: tuple[int, ...] | None = None,
    void_value: int | None = None,
) -> LoadedMaskFolder:
    """Returns train, validation and test of the folder, in the order of `scan_mask_folder`.

    image is uint8 [N, height, width, channels], mask uint8 [N, height, width] with class indices
    or VOID. Without `image_size` (height, width), images that share one size of at most 1024 keep
    it, and others become 256x256. Without `mask_values`, see `decide_values`.

    Pairs that cannot be decoded are left out and named in a warning. Raises UsageError for a mask
    of another size than its image, a value that is no class, and a split that is left empty.
    """
    pairs = scan_mask_folder(path)
    shape, is_kept = _decide_shape(pairs, image_size, channels)
    if sum(map(len, pairs.values())) * shape[0] * shape[1] * (shape[2] + 1) > MEMORY_LIMIT:
        raise UsageError(
            f"The images of {path} do not fit into memory at {shape[0]}x{shape[1]}; make them "
            "smaller with data.image_size."
        )
    loaded = _load(path, pairs, shape)
    values = mask_values
    if values is None:
        masks = (mask for examples in loaded.values() for _, _, mask in examples)
        found = set().union(*(np.unique(mask).tolist() for mask in masks)) - {void_value}
        values = decide_values(sorted(found), class_names, path)
    splits = {
        split: {
            "image": np.stack([image for _, image, _ in examples]),
            "mask": np.stack([to_classes(m, values, void_value, file) for file, _, m in examples]),
        }
        for split, examples in loaded.items()
    }
    names = class_names or tuple(f"class {value}" for value in values)
    return LoadedMaskFolder(splits, shape[2], names, None if is_kept else shape[:2])


def _decide_shape(
    pairs: dict[str, list[Pair]], size: tuple[int, int] | None, channels: Literal["auto", 1, 3]
) -> tuple[tuple[int, int, int], bool]:
    """Returns height, width and channels, and whether that is the size of all images already."""
    everything = [pair for examples in pairs.values() for pair in examples]
    headers = map_in_threads(_checked_header, everything, "looking at images and masks")
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
    image, mask = (read_header(file) for file in pair)
    if image and mask and image[0] != mask[0]:
        (height, width), (mask_height, mask_width) = image[0], mask[0]
        raise UsageError(
            f"The mask {pair[1]} is {mask_height}x{mask_width} (height x width), but its image "
            f"{pair[0]} is {height}x{width}; they have to match pixel by pixel."
        )
    return image


def _load(
    path: Path, pairs: dict[str, list[Pair]], shape: tuple[int, int, int]
) -> dict[str, list[tuple[Path, np.ndarray, np.ndarray]]]:
    """Returns (mask's file, image, mask's values) of every pair that can be decoded."""
    loaded, unreadable = {}, []

    def load(pair: Pair) -> tuple[Path, np.ndarray, np.ndarray] | None:
        try:
            image = read_image(pair[0], shape)
        except UsageError:
            unreadable.append(pair[0])
            return None
        try:
            return pair[1], image, read_mask(pair[1], shape[:2])
        except UNDECODABLE:
            unreadable.append(pair[1])
            return None

    for split, listed in pairs.items():
        examples = map_in_threads(load, listed, f"reading {split} images and masks")
        loaded[split] = [example for example in examples if example is not None]
        if not loaded[split]:
            raise UsageError(f"None of the {split} images in {path} can be decoded.")
    warn_of_unreadable(sorted(unreadable), 2 * sum(map(len, pairs.values())), IMAGES)
    return loaded

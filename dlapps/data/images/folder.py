"""The user's own folder of images, one folder a class, loaded into arrays."""

import hashlib
import os
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from dlapps.data.images.decoding import read_image
from dlapps.data.sources.folders import (
    IMAGES,
    ClassFolders,
    check_nothing_empty,
    map_in_threads,
    names_below,
    scan_class_folders,
    warn_of_unreadable,
)
from dlapps.data.sources.user_files import open_file
from dlapps.errors import UsageError

DEFAULT_SIZE = (64, 64)
LARGEST_KEPT_SIZE = 128
"""Images that all have one size are kept at it up to this many pixels a side."""

UNDECODABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises for a file that is no image, or a damaged one."""

_GREY_MODES = {"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"}


class LoadedImageFolder(NamedTuple):
    """Arrays of each split ("image" or "path", and "label"), and what the arrays mean."""

    splits: dict[str, dict[str, np.ndarray]]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    names: dict[str, np.ndarray]
    """Of each split the files, bytes [N], as paths from the folder on."""


def load_image_folder(
    path: str | Path,
    image_shape: tuple[int, int] | None = None,
    channels: Literal["auto", 1, 3] = "auto",
    memory_limit: int = 2**30,
) -> LoadedImageFolder:
    """Returns train, validation and test of the folder, each {"image", "label"}.

    image is uint8 [N, height, width, channels], label int32 [N], class by class in the order of
    `scan_class_folders`. Without `image_shape` (height, width) images that share one size of at
    most 128 keep it and others become 64x64; channels "auto" is 1 if every file says it is grey.
    Where the decoded images would take more than `memory_limit` bytes there are "path" (bytes [N])
    and "sha256" (of the file, bytes [N]) in place of "image", for the caller to decode with
    `decode_image`.

    Every file is decoded once; those that cannot be are left out and named in a warning. Raises
    UsageError when that leaves a class of train or a whole split empty.
    """
    folder = scan_class_folders(path, IMAGES)
    shape = _decide_shape(folder, image_shape, channels)
    num_examples = sum(len(examples) for examples in folder.splits.values())
    in_memory = num_examples * int(np.prod(shape)) <= memory_limit
    splits, names, unreadable = {}, {}, []
    for split, examples in folder.splits.items():
        splits[split], failed = load_split(split, examples, shape, in_memory)
        names[split] = names_below(path, [file for file, _ in examples], failed)
        unreadable += failed
    warn_of_unreadable(unreadable, num_examples, IMAGES)
    labels = {split: arrays["label"] for split, arrays in splits.items()}
    check_nothing_empty(path, labels, folder.class_names, IMAGES)
    return LoadedImageFolder(splits, folder.class_names, shape, names)


def load_split(
    split: str, examples: list[tuple[Path, int]], shape: tuple[int, int, int], in_memory: bool
) -> tuple[dict[str, np.ndarray], list[Path]]:
    """Returns the arrays of the images that decode, and the paths of those that do not."""
    images = np.empty((len(examples) if in_memory else 0, *shape), np.uint8)
    digests = np.empty(0 if in_memory else len(examples), "S64")

    def decode(index: int) -> bool:
        try:
            image = read_image(examples[index][0], shape)
        except UsageError:
            return False
        if in_memory:
            images[index] = image
        else:
            digests[index] = hashlib.sha256(examples[index][0].read_bytes()).hexdigest()
        return True

    description = f"{'Reading' if in_memory else 'Checking'} {split} images"
    decodes = np.array(map_in_threads(decode, range(len(examples)), description))
    arrays = {"label": np.array([label for _, label in examples], np.int32)[decodes]}
    if in_memory:
        arrays["image"] = images if decodes.all() else images[decodes]
    else:
        arrays["path"] = np.array([os.fsencode(file) for file, _ in examples])[decodes]
        arrays["sha256"] = digests[decodes]
    return arrays, [file for (file, _), decoded in zip(examples, decodes) if not decoded]


def _decide_shape(
    folder: ClassFolders, size: tuple[int, int] | None, channels: Literal["auto", 1, 3]
) -> tuple[int, int, int]:
    """Returns height, width and channels, from the files' headers where they are left open."""
    if size is not None and channels != "auto":
        return (*size, channels)
    files = [file for examples in folder.splits.values() for file, _ in examples]
    headers = {
        header for header in map_in_threads(read_header, files, "Looking at images") if header
    }
    if channels == "auto":
        channels = 1 if all(is_grey for _, is_grey in headers) else 3
    if size is None:
        sizes = {size for size, _ in headers}
        shared = sizes.pop() if len(sizes) == 1 else None
        size = shared if shared and max(shared) <= LARGEST_KEPT_SIZE else DEFAULT_SIZE
    return (*size, channels)


def read_header(file: Path) -> tuple[tuple[int, int], bool] | None:
    """Returns (height, width) and whether the file says it is grey; None for what is no image."""
    try:
        with open_file(file) as opened, Image.open(opened) as image:
            return (image.height, image.width), image.mode in _GREY_MODES
    except UNDECODABLE:
        return None

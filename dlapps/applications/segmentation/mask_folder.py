"""The user's own folder of images and masks: which belong together, loaded into arrays."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

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
from dlapps.data.sources.folders import (
    IMAGES,
    SPLIT_OF_FOLDER,
    SPLITS,
    WHERE,
    map_in_threads,
    warn_of_unreadable,
)
from dlapps.data.splits import carve_tenths
from dlapps.errors import UsageError

MASK_SUFFIXES = (".png", ".bmp", ".gif")
Pair = tuple[Path, Path]

_EXPECTED = (
    "Expected is a folder images/ and a folder masks/ with a mask of the same name for each image, "
    "such as images/1.jpg and masks/1.png, or both folders inside train/, validation/ and test/."
)


def scan_mask_folder(path: str | Path) -> dict[str, list[Pair]]:
    """Returns (image, mask) for each image of each split, sorted by name; opens none of them.

    The top holds images/ and masks/, or split folders (train, validation or val or valid, test)
    that do. A split that has no folder gets a tenth of train, rounded but at least one, by a fixed
    permutation of the sorted names, the same on every machine and for every run's seed.

    Raises UsageError for a folder that is missing or empty, an image without a mask, or a mask
    without an image.
    """
    root = Path(path)
    if not root.is_dir():
        raise UsageError(f"The folder {root} does not exist or is no folder. {WHERE} {_EXPECTED}")
    pairs = {split: _pairs(folder) for split, folder in _split_folders(root).items()}
    missing = [split for split in SPLITS if split not in pairs]
    num_train = len(pairs["train"])
    if num_train <= len(missing):
        raise UsageError(
            f"{root} has {num_train} images with masks, too few to set some aside for "
            f"{' and '.join(missing)}. Add images, or folders for those splits."
        )
    return pairs | carve_tenths(pairs["train"], missing)


def _split_folders(root: Path) -> dict[str, Path]:
    if (root / "images").is_dir() or (root / "masks").is_dir():
        return {"train": root}
    folders: dict[str, Path] = {}
    for folder in sorted(root.iterdir()):
        split = SPLIT_OF_FOLDER.get(folder.name.lower())
        if split is None or not folder.is_dir():
            continue
        if split in folders:
            raise UsageError(f"{folders[split]} and {folder} are both the {split} split.")
        folders[split] = folder
    if "train" not in folders:
        raise UsageError(f"There are no images and masks in {root}. {_EXPECTED}")
    return folders


def _pairs(folder: Path) -> list[Pair]:
    images = _files_by_name(folder / "images", IMAGES.suffixes)
    masks = _files_by_name(folder / "masks", MASK_SUFFIXES)
    for name, image in images.items():
        if name not in masks:
            raise UsageError(
                f"The image {image} has no mask: there is no {name}.png in {folder / 'masks'}."
            )
    for name, mask in masks.items():
        if name not in images:
            raise UsageError(
                f"The mask {mask} has no image: there is no {name}.png or {name}.jpg in "
                f"{folder / 'images'}."
            )
    return [(images[name], masks[name]) for name in sorted(images)]


def _files_by_name(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """Returns the files by their path below the folder, without suffix."""
    files: dict[str, Path] = {}
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        # A leading dot marks what file managers leave behind, such as ._1.png from macOS.
        if file.suffix.lower() not in suffixes or file.name.startswith("."):
            continue
        name = str(file.relative_to(folder).with_suffix(""))
        if name in files:
            raise UsageError(f"{files[name]} and {file} have one name; remove one of them.")
        files[name] = file
    if not files:
        raise UsageError(f"There is no file ({', '.join(suffixes)}) in {folder}. {_EXPECTED}")
    return files


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
    mask_values: tuple[int | str, ...] | None = None,
    void_value: int | str | None = None,
) -> LoadedMaskFolder:
    """Returns train, validation and test of the folder, in the order of `scan_mask_folder`.

    image is uint8 [N, height, width, channels], mask uint8 [N, height, width] with class indices
    or VOID. Without `image_size` (height, width), images that share one size of at most 1024 keep
    it, and others become 256x256. Without `mask_values`, see `decide_values`. Where one mask is in
    colours, or `mask_values` are, all are read as such.

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
    values = None if mask_values is None else tuple(map(as_number, mask_values))
    void = None if void_value is None else as_number(void_value)
    loaded = _load(path, pairs, shape, values is not None and max(values) >= COLOUR)
    if values is None:
        masks = (mask for examples in loaded.values() for _, _, mask in examples)
        found = set().union(*(np.unique(mask).tolist() for mask in masks)) - {void}
        values = decide_values(sorted(found), class_names, path)
    splits = {
        split: {
            "image": np.stack([image for _, image, _ in examples]),
            "mask": np.stack([to_classes(m, values, void, file) for file, _, m in examples]),
        }
        for split, examples in loaded.items()
    }
    names = class_names or tuple(f"class {told(value)}" for value in values)
    return LoadedMaskFolder(splits, shape[2], names, None if is_kept else shape[:2])


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
    image, mask = (read_header(file) for file in pair)
    if image and mask and image[0] != mask[0]:
        (height, width), (mask_height, mask_width) = image[0], mask[0]
        raise UsageError(
            f"The mask {pair[1]} is {mask_height}x{mask_width} (height x width), but its image "
            f"{pair[0]} is {height}x{width}; they have to match pixel by pixel."
        )
    return image


def _check_all_in_colours(coloured: Path, files: list[Path]) -> None:
    """Raises UsageError where a mask has one channel only, though another is in colours."""
    for file in files:
        header = read_header(file)
        if header and header[1]:
            raise UsageError(
                f"The mask {coloured} is in colours, but {file} is not. Where both are right, say "
                'with data.mask_values which colours are classes, such as ["#000000", "#ff8000"].'
            )


def _load(
    path: Path, pairs: dict[str, list[Pair]], shape: tuple[int, int, int], in_colours: bool
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
            return pair[1], image, read_mask(pair[1], shape[:2], in_colours)
        except UNDECODABLE:
            unreadable.append(pair[1])
            return None

    for split, listed in pairs.items():
        examples = map_in_threads(load, listed, f"Reading {split} images and masks")
        loaded[split] = [example for example in examples if example is not None]
        if not loaded[split]:
            raise UsageError(f"None of the {split} images in {path} can be decoded.")
    masks = [(file, mask) for its in loaded.values() for file, _, mask in its]
    coloured = next((file for file, mask in masks if mask.max() >= COLOUR), None)
    if coloured and not in_colours:
        _check_all_in_colours(coloured, [file for file, _ in masks])
        # One that happens to be all grey must not be read as levels.
        return _load(path, pairs, shape, in_colours=True)
    warn_of_unreadable(sorted(unreadable), 2 * sum(map(len, pairs.values())), IMAGES)
    return loaded

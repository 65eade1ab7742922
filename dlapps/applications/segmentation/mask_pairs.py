"""Which images and masks of the user's own folder belong together, and in which split."""

from collections.abc import Sequence
from pathlib import Path

from dlapps.applications.segmentation.instances import MASK_SUFFIXES, folders_of_masks
from dlapps.data.sources.folders import IMAGES, SPLIT_OF_FOLDER, SPLITS, WHERE
from dlapps.data.splits import carve_tenths
from dlapps.errors import UsageError

Pair = tuple[Path, Path]

_EXPECTED = (
    "Expected is a folder images/ and a folder masks/ with a mask of the same name for each image, "
    "such as images/1.jpg and masks/1.png, or both folders inside train/, validation/ and test/."
)


def scan_mask_folder(path: str | Path, instances: bool = False) -> dict[str, list[Pair]]:
    """Returns (image, mask) for each image of each split, sorted by name; opens none of them.

    With `instances`, a folder of masks with the image's name may stand for its mask.

    The top holds images/ and masks/, or split folders (train, validation or val or valid, test)
    that do. A split that has no folder gets a tenth of train, rounded but at least one, by a fixed
    permutation of the sorted names, the same on every machine and for every run's seed.

    Raises UsageError for a folder that is missing or empty, an image without a mask, or a mask
    without an image.
    """
    root = Path(path)
    if not root.is_dir():
        raise UsageError(f"The folder {root} does not exist or is no folder. {WHERE} {_EXPECTED}")
    pairs = {split: _pairs(folder, instances) for split, folder in _split_folders(root).items()}
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


def _pairs(folder: Path, instances: bool) -> list[Pair]:
    images = _files_by_name(folder / "images", IMAGES.suffixes)
    several = folders_of_masks(folder / "masks", images) if instances else {}
    masks = _files_by_name(folder / "masks", MASK_SUFFIXES, [*several.values()]) | several
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


def _files_by_name(
    folder: Path, suffixes: tuple[str, ...], but_in: Sequence[Path] = ()
) -> dict[str, Path]:
    """Returns the files by their path below the folder, without suffix."""
    files: dict[str, Path] = {}
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        # A leading dot marks what file managers leave behind, such as ._1.png from macOS.
        if file.suffix.lower() not in suffixes or file.name.startswith("."):
            continue
        if file.parent in but_in:
            continue
        name = str(file.relative_to(folder).with_suffix(""))
        if name in files:
            raise UsageError(f"{files[name]} and {file} have one name; remove one of them.")
        files[name] = file
    if not files and not but_in:
        raise UsageError(f"There is no file ({', '.join(suffixes)}) in {folder}. {_EXPECTED}")
    return files

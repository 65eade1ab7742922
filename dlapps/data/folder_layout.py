"""Which image of the user's folder belongs to which class and which split."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlapps.errors import UsageError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
SPLITS = ("train", "validation", "test")

_SPLIT_OF_FOLDER = {split: split for split in SPLITS} | {"val": "validation", "valid": "validation"}
_EXPECTED = (
    f"Expected is one folder a class with its images ({', '.join(IMAGE_SUFFIXES)}), such as "
    "cat/1.png and dog/1.png, or such class folders inside train/, validation/ and test/."
)


@dataclass(frozen=True)
class ImageFolder:
    """The images of a folder: (path, index of its class in `class_names`) for each split."""

    class_names: tuple[str, ...]
    splits: dict[str, list[tuple[Path, int]]]


def scan_image_folder(path: str | Path) -> ImageFolder:
    """Returns the images below `path` by split, sorted by class and name; opens none of them.

    The top holds class folders, or split folders (train, validation or val or valid, test) of
    class folders. A split that has no folder gets a tenth of each class of train, rounded but at
    least one image, never touching the other splits: without split folders that is 80/10/10. A
    class with fewer images than splits to fill keeps them all in train. The choice is a fixed
    permutation of the class's sorted names, the same on every machine and for every run's seed.

    Raises UsageError for a folder, class or split that is missing, empty or in the wrong place.
    """
    root = Path(path)
    if not root.is_dir():
        raise UsageError(f"The image folder {root} does not exist or is no folder. {_EXPECTED}")
    folders = _split_folders(root)
    files = {split: _files_by_class(folder) for split, folder in folders.items()}
    _check_classes(files, folders)
    missing = [split for split in SPLITS if split not in folders]
    class_names = tuple(sorted(files["train"]))
    splits: dict[str, list[tuple[Path, int]]] = {split: [] for split in SPLITS}
    for label, name in enumerate(class_names):
        parts = {split: files[split][name] for split in folders}
        for split, images in (parts | _carve(parts["train"], missing)).items():
            splits[split] += [(image, label) for image in images]
    for split in missing:
        if not splits[split]:
            raise UsageError(
                f"{root} has too few images to set some aside for {split}: no class has more than "
                f"{len(missing)}. Add images, or a folder {split}/ of class folders."
            )
    return ImageFolder(class_names, splits)


def _split_folders(root: Path) -> dict[str, Path]:
    """Returns the folder of each split that has one; of train alone where classes are on top."""
    found = _subfolders(root)
    split_names = [folder.name for folder in found if folder.name.lower() in _SPLIT_OF_FOLDER]
    if not any(name.lower() == "train" for name in split_names):
        if found and len(split_names) == len(found):
            raise UsageError(f"{root} has {', '.join(split_names)} but no train. {_EXPECTED}")
        return {"train": root}
    folders: dict[str, Path] = {}
    for folder in found:
        split = _SPLIT_OF_FOLDER.get(folder.name.lower())
        if split is None:
            raise UsageError(
                f"{folder} stands beside train and is no split; there are train, validation and "
                f"test. {_EXPECTED}"
            )
        if split in folders:
            raise UsageError(f"{folders[split]} and {folder} are both the {split} split.")
        folders[split] = folder
    return folders


def _files_by_class(folder: Path) -> dict[str, list[Path]]:
    """Returns the sorted images, however deep, of each class folder in `folder`."""
    files: dict[str, list[Path]] = {}
    for class_folder in _subfolders(folder):
        # A leading dot marks what file managers leave behind, such as ._1.png from macOS.
        files[class_folder.name] = sorted(
            file
            for file in class_folder.rglob("*")
            if file.suffix.lower() in IMAGE_SUFFIXES
            and not file.name.startswith(".")
            and file.is_file()
        )
    if not any(files.values()):
        raise UsageError(f"{folder} has no class folder with images. {_EXPECTED}")
    empty = [name for name, images in files.items() if not images]
    if empty:
        raise UsageError(
            f"There is no image ({', '.join(IMAGE_SUFFIXES)}) in {folder / empty[0]}: add images "
            "of that class or remove the folder."
        )
    if len(files) == 1:
        (only,) = files
        raise UsageError(f"{folder} has one class only, {only}; two are needed. {_EXPECTED}")
    return files


def _subfolders(folder: Path) -> list[Path]:
    ignored = ("__MACOSX",)
    return sorted(
        entry
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in ignored
    )


def _check_classes(files: dict[str, dict[str, list[Path]]], folders: dict[str, Path]) -> None:
    """Raises UsageError when a split folder has a class that train lacks, or lacks one."""
    for split in files:
        for here, there in ((split, "train"), ("train", split)):
            for name in files[here].keys() - files[there].keys():
                raise UsageError(
                    f"The class {name} is in {folders[here]} but not in {folders[there]}: every "
                    "split folder needs the same classes."
                )


def _carve(files: list[Path], missing: list[str]) -> dict[str, list[Path]]:
    """Returns a class's images of train and of each missing split, each part in sorted order."""
    share = max(1, round(len(files) / 10)) if len(files) > len(missing) else 0
    # RandomState's streams are frozen; Generator's may change with NumPy, and the split with them.
    order = np.random.RandomState(0).permutation(len(files))
    parts = {}
    for split in missing:
        chosen, order = order[:share], order[share:]
        parts[split] = [files[i] for i in sorted(chosen)]
    return parts | {"train": [files[i] for i in sorted(order)]}

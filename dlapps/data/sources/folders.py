"""The user's folders of files: what belongs to which class and split, and reading many of them."""

import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlapps.data.splits import carve_tenths
from dlapps.errors import UsageError
from dlapps.progress import progress

logger = logging.getLogger(__name__)

A_HANDFUL = 5
"""Files of a class; with fewer, chance decides what is learned of it."""


@dataclass(frozen=True)
class FileKind:
    """What the class folders hold."""

    noun: str
    suffixes: tuple[str, ...]
    example: str
    """A right layout, for error messages."""
    unreadable_suffixes: tuple[str, ...] = ()
    """What files of this kind may be called too that this program cannot read."""

    @property
    def expected(self) -> str:
        """The sentence that tells what a folder has to look like."""
        return (
            f"Expected is one folder a class with its {self.noun}s ({', '.join(self.suffixes)}), "
            f"such as {self.example}, or such class folders inside train/, validation/ and test/."
        )


IMAGES = FileKind(
    "image",
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"),
    "cat/1.png and dog/1.png",
    (".tif", ".tiff"),
)
RECORDINGS = FileKind(
    "recording",
    (".wav", ".flac", ".ogg", ".mp3"),
    "yes/1.wav and no/1.wav",
    (".m4a", ".aac", ".wma"),
)


WHERE = "Say where yours is with --set data.path=DIR."
SPLITS = ("train", "validation", "test")

SPLIT_OF_FOLDER = {split: split for split in SPLITS} | {"val": "validation", "valid": "validation"}


@dataclass(frozen=True)
class ClassFolders:
    """The files of a folder: (path, index of its class in `class_names`) for each split."""

    class_names: tuple[str, ...]
    splits: dict[str, list[tuple[Path, int]]]


def scan_class_folders(path: str | Path, kind: FileKind) -> ClassFolders:
    """Returns the files below `path` by split, sorted by class and name; opens none of them.

    The top holds class folders, or split folders (train, validation or val or valid, test) of
    class folders. A split that has no folder gets a tenth of each class of train, rounded but at
    least one file, never touching the other splits: without split folders that is 80/10/10. A
    class with fewer files than splits to fill keeps them all in train. The choice is a fixed
    permutation of the class's sorted names, the same on every machine and for every run's seed.
    Masks beside their images are left out, counted and named in a warning.

    Raises UsageError for a folder, class or split that is missing, empty or in the wrong place.
    """
    root = Path(path)
    if not root.is_dir():
        raise UsageError(
            f"The {kind.noun} folder {root} does not exist or is no folder. {WHERE} {kind.expected}"
        )
    folders = _split_folders(root, kind)
    _warn_of_unreadable_kinds(root, kind)
    files = {split: _files_by_class(folder, kind) for split, folder in folders.items()}
    _leave_out_masks(files)
    _check_classes(files, folders)
    _warn_of_small_classes(files["train"], root, kind)
    missing = [split for split in SPLITS if split not in folders]
    class_names = tuple(sorted(files["train"]))
    splits: dict[str, list[tuple[Path, int]]] = {split: [] for split in SPLITS}
    for label, name in enumerate(class_names):
        parts = {split: files[split][name] for split in folders}
        for split, chosen in (parts | carve_tenths(parts["train"], missing)).items():
            splits[split] += [(file, label) for file in chosen]
    for split in missing:
        if not splits[split]:
            raise UsageError(
                f"{root} has too few {kind.noun}s to set some aside for {split}: no class has more "
                f"than {len(missing)}. Add {kind.noun}s, or a folder {split}/ of class folders."
            )
    return ClassFolders(class_names, splits)


def _split_folders(root: Path, kind: FileKind) -> dict[str, Path]:
    """Returns the folder of each split that has one; of train alone where classes are on top."""
    found = _subfolders(root)
    split_names = [folder.name for folder in found if folder.name.lower() in SPLIT_OF_FOLDER]
    if not any(name.lower() == "train" for name in split_names):
        if found and len(split_names) == len(found):
            raise UsageError(f"{root} has {', '.join(split_names)} but no train. {kind.expected}")
        return {"train": root}
    folders: dict[str, Path] = {}
    for folder in found:
        split = SPLIT_OF_FOLDER.get(folder.name.lower())
        if split is None:
            raise UsageError(
                f"{folder} stands beside train and is no split; there are train, validation and "
                f"test. {kind.expected}"
            )
        if split in folders:
            raise UsageError(f"{folders[split]} and {folder} are both the {split} split.")
        folders[split] = folder
    return folders


def _files_by_class(folder: Path, kind: FileKind) -> dict[str, list[Path]]:
    """Returns the sorted files, however deep, of each class folder in `folder`."""
    files: dict[str, list[Path]] = {}
    for class_folder in _subfolders(folder):
        # A leading dot marks what file managers leave behind, such as ._1.png from macOS.
        files[class_folder.name] = sorted(
            file
            for file in class_folder.rglob("*")
            if file.suffix.lower() in kind.suffixes
            and not file.name.startswith(".")
            and not file.is_dir()
        )
    if not any(files.values()):
        raise UsageError(f"{folder} has no class folder with {kind.noun}s. {kind.expected}")
    empty = [name for name, found in files.items() if not found]
    if empty:
        raise UsageError(
            f"There is no {kind.noun} ({', '.join(kind.suffixes)}) in {folder / empty[0]}: add "
            f"{kind.noun}s of that class or remove the folder."
        )
    if len(files) == 1:
        (only,) = files
        raise UsageError(f"{folder} has one class only, {only}; two are needed. {kind.expected}")
    return files


def _leave_out_masks(files: dict[str, dict[str, list[Path]]]) -> None:
    """Takes the masks, of all splits and classes, from the files."""
    masks = masks_left_out(
        [file for classes in files.values() for found in classes.values() for file in found]
    )
    for classes in files.values():
        for name, found in classes.items():
            classes[name] = [file for file in found if file not in masks]


def masks_left_out(files: Sequence[Path]) -> set[Path]:
    """Returns those of the files that are masks of others by their names, and warns of them."""
    stems = {file.with_suffix("") for file in files}
    masks = {file for file in files if _masked_by(file) in stems}
    if masks:
        logger.warning(
            "%d of %d files are left out as masks of images beside them: %s",
            len(masks),
            len(files),
            name_a_few(sorted(masks)),
        )
    return masks


def _masked_by(file: Path) -> Path | None:
    """Returns which image, without suffix, the file is a mask of by its name; None for no mask.

    x_mask.png and x_mask_1.png are masks of x, and masks/x.png is one of images/x.
    """
    if file.suffix.lower() not in IMAGES.suffixes:
        return None
    marked = re.fullmatch(r"(.+)_mask(_\d+)?", file.stem, re.IGNORECASE | re.DOTALL)
    if marked:
        return file.with_name(marked[1])
    if file.parent.name.lower() == "masks":
        return file.parent.with_name("images") / file.stem
    return None


def _warn_of_unreadable_kinds(root: Path, kind: FileKind) -> None:
    """Says how many files are of the kind, but in a format that is not read."""
    found = [file for file in root.rglob("*") if file.suffix.lower() in kind.unreadable_suffixes]
    if found:
        logger.warning(
            "%d %ss are left out, because they are not %s: %s",
            len(found),
            kind.noun,
            ", ".join(kind.suffixes),
            name_a_few(sorted(found)),
        )


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


NUM_NAMED = 5


def _warn_of_small_classes(files: dict[str, list[Path]], root: Path, kind: FileKind) -> None:
    """Says which classes have too few files: what sets them apart is hardly learned from those."""
    small = [f"{name} ({len(found)})" for name, found in files.items() if len(found) < A_HANDFUL]
    if small:
        logger.warning(
            "%d of %d classes in %s have fewer than %d training %ss, too few to learn from: %s",
            len(small),
            len(files),
            root,
            A_HANDFUL,
            kind.noun,
            _a_few(small),
        )


def map_in_threads(function: Callable, items: Iterable, description: str) -> list:
    """Returns the results in the order of the items, while stderr says how far it is."""
    items = list(items)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(progress(pool.map(function, items), description, len(items)))


def names_below(root: str | Path, files: Sequence[Path], left_out: Sequence[Path]) -> np.ndarray:
    """Returns bytes [N]: the files but those left out, as paths from `root` on."""
    without = set(left_out)
    kept = [file.relative_to(root).as_posix() for file in files if file not in without]
    return np.array([os.fsencode(name) for name in kept], "S")


def name_a_few(files: Sequence[Path]) -> str:
    """Returns the first of the files and how many more there are."""
    return _a_few([str(file) for file in files])


def _a_few(names: Sequence[str]) -> str:
    named = ", ".join(names[:NUM_NAMED])
    more = len(names) - NUM_NAMED
    return f"{named} and {more} more" if more > 0 else named


def warn_of_unreadable(unreadable: Sequence[Path], num_files: int, kind: FileKind) -> None:
    """Says how many files are left out, and which."""
    if unreadable:
        logger.warning(
            "%d of %d %ss cannot be decoded and are left out: %s",
            len(unreadable),
            num_files,
            kind.noun,
            name_a_few(unreadable),
        )


def check_nothing_empty(
    path: str | Path,
    labels: Mapping[str, np.ndarray],
    class_names: tuple[str, ...],
    kind: FileKind,
) -> None:
    """Raises UsageError when a split, or a class of train, has lost all its files.

    `labels` holds, for each split, those of the files that could be decoded.
    """
    for split, left in labels.items():
        if not len(left):
            raise UsageError(f"None of the {split} {kind.noun}s in {path} can be decoded.")
    for index in sorted(set(range(len(class_names))) - set(labels["train"].tolist())):
        raise UsageError(
            f"None of the training {kind.noun}s of class {class_names[index]} in {path} can be "
            "decoded."
        )

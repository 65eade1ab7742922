"""The files of a folder of images and annotations: looked up by name, and read as text."""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from dlapps.data.sources.folders import IMAGES, SPLIT_OF_FOLDER
from dlapps.data.sources.user_files import read_file
from dlapps.errors import UsageError, in_short


class FolderFiles:
    """All files below a folder, sorted; opens none of them."""

    def __init__(self, root: Path):
        self.root = root
        self.files = [file for file in sorted(root.rglob("*")) if self._is_seen(file)]
        self.images = self.with_suffix(*IMAGES.suffixes)
        self._by_path = {self._below(file).as_posix(): file for file in self.images}
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for image in self.images:
            self._by_name[image.name.lower()].append(image)
            self._by_stem[image.stem.lower()].append(image)

    def with_suffix(self, *suffixes: str) -> list[Path]:
        """Returns the files with one of the suffixes, which are in lower case."""
        return [file for file in self.files if file.suffix.lower() in suffixes]

    def folders_of(self, file: Path) -> tuple[str, ...]:
        """Returns the names of the folders from the root to the file."""
        return self._below(file).parent.parts

    def split_of(self, file: Path) -> str | None:
        """Returns the split whose name one of its folders has, such as val or train2017."""
        words = (folder.lower().rstrip("0123456789") for folder in self.folders_of(file))
        return next((SPLIT_OF_FOLDER[word] for word in words if word in SPLIT_OF_FOLDER), None)

    def find_image(self, name: str, source: Path, split: str | None = None) -> Path | None:
        """Returns the image that `source` calls `name`: there, or else anywhere below the root.

        The case and what kind of image its suffix says need not be right. Of several images of
        that name the one that shares most folders with `source`, or is of the split, is meant.

        Raises UsageError where that leaves more than one.
        """
        path = PurePosixPath(name.replace("\\", "/"))
        place = os.path.normpath(self._below(source).parent / path)
        if place in self._by_path:
            return self._by_path[place]
        stem = path.stem if path.suffix.lower() in IMAGES.suffixes else path.name
        found = self._by_name.get(path.name.lower()) or self._by_stem.get(stem.lower(), [])
        found = [image for image in found if split and self.split_of(image) == split] or found
        return self._nearest(found, {*self.folders_of(source), *path.parent.parts}, source)

    def _nearest(self, images: Sequence[Path], folders: set[str], source: Path) -> Path | None:
        def nearness(image: Path) -> tuple[int, int]:
            own = self.folders_of(image)
            return len(folders.intersection(own)), -len(own)

        most = max(map(nearness, images), default=None)
        nearest = [image for image in images if nearness(image) == most]
        if len(nearest) > 1:
            raise UsageError(
                f"The image of {source} may be {nearest[0]} or {nearest[1]}; give them different "
                "names, or put it beside its image."
            )
        return nearest[0] if nearest else None

    def _below(self, file: Path) -> Path:
        return file.relative_to(self.root)

    def _is_seen(self, file: Path) -> bool:
        """Returns whether it is a file that no file manager or editor left behind."""
        parts = self._below(file).parts
        is_hidden = "__MACOSX" in parts or any(part.startswith(".") for part in parts)
        return not is_hidden and file.is_file()


def split_in_name(stem: str) -> str | None:
    """Returns the split that a file is named after, as in instances_val2017 or train_labels."""
    words = re.split(r"[\W_\d]+", stem.lower())
    return next((SPLIT_OF_FOLDER[word] for word in words if word in SPLIT_OF_FOLDER), None)


def without_suffix(name: str) -> str:
    """Returns the bare name of an image, which may be given with folders and suffix."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.stem if path.suffix.lower() in IMAGES.suffixes else path.name


def read_bytes(file: Path) -> bytes:
    """Returns what is in the file; raises UsageError where it cannot be opened."""
    try:
        return read_file(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {in_short(str(error.strerror))}.") from error


def read_text(file: Path) -> str:
    """Returns the text of the file; raises UsageError, with the line, for what is no UTF-8."""
    contents = read_bytes(file)
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = contents[: error.start].count(b"\n") + 1
        raise UsageError(f"{file} is no text in UTF-8: see line {line}.") from error

"""The user's own photos with their captions in a TSV file."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlapps.data.images.folder import load_split
from dlapps.data.sources.file_tables import FileTable
from dlapps.data.sources.folders import (
    IMAGES,
    SPLITS,
    WHERE,
    name_a_few,
    names_below,
    warn_of_unreadable,
)
from dlapps.data.splits import carve_tenths
from dlapps.errors import UsageError
from dlapps.metrics.captioning import caption_words

logger = logging.getLogger(__name__)

CAPTIONS = "captions.tsv"
FORM = f"a folder of photos with a {CAPTIONS} of lines such as beach/1.jpg TAB Two dogs run."
MEMORY_LIMIT = 2**30
"""Bytes of decoded photos that are held; more are read from the disk as they are needed."""


class CaptionedFiles(NamedTuple):
    """The photos of one split."""

    columns: Mapping[str, np.ndarray]
    """`image`, or `path` and `sha256` as `load_split` gives them."""
    captions: list[list[str]]
    names: np.ndarray


Captioned = dict[Path, list[str]]


def load_caption_folder(path: Path, size: tuple[int, int]) -> dict[str, CaptionedFiles]:
    """Train, validation and test of a folder: its own split folders, or a fixed 80 / 10 / 10.

    Photos without a caption and those that cannot be decoded are left out, counted and named in a
    warning. Raises UsageError, which names file and line, for captions that cannot be used.
    """
    if not path.is_dir():
        raise UsageError(f"{path} does not exist or is no folder. {WHERE} Expected is {FORM}.")
    found = {split: read_captions(path / split) for split in SPLITS if (path / split).is_dir()}
    if not found:
        everything = read_captions(path)
        if len(everything) < len(SPLITS):
            raise UsageError(
                f"{path} has {len(everything)} photos with captions; {len(SPLITS)} are the fewest "
                "that can be divided into train, validation and test."
            )
        parts = carve_tenths(sorted(everything), SPLITS[1:])
        found = {split: {file: everything[file] for file in parts[split]} for split in SPLITS}
    missing = [split for split in SPLITS if split not in found]
    if missing:
        raise UsageError(f"{path} has a folder {next(iter(found))}, but none called {missing[0]}.")
    in_memory = sum(map(len, found.values())) * int(np.prod(size)) * 3 <= MEMORY_LIMIT
    return {
        split: _load(path, split, captioned, size, in_memory) for split, captioned in found.items()
    }


def read_captions(folder: Path) -> Captioned:
    """The captions of each photo of a folder, by the lines of its captions.tsv."""
    table = FileTable(folder / CAPTIONS, IMAGES.suffixes, FORM)
    photos, rows = table.files, table.rows
    table.refuse(
        "there must be the file of a photo, one tab and its caption", lambda row: len(row) != 2
    )
    table.refuse("the caption has no word in it", lambda row: not caption_words(row[1]))
    table.refuse(
        f"there is no such photo ({', '.join(IMAGES.suffixes)}) in {folder}",
        lambda row: row[0] not in photos,
    )
    captions: Captioned = {}
    for name, caption in rows:
        captions.setdefault(photos[name], []).append(caption)
    silent = table.unmentioned()
    if silent:
        logger.warning(
            "%d of %d photos have no caption and are left out: %s",
            len(silent), len(photos), name_a_few(silent),
        )  # fmt: skip
    return captions


def _load(
    path: Path, split: str, captioned: Captioned, size: tuple[int, int], in_memory: bool
) -> CaptionedFiles:
    files = [*captioned]
    arrays, unreadable = load_split(split, [(file, 0) for file in files], (*size, 3), in_memory)
    warn_of_unreadable(unreadable, len(files), IMAGES)
    if len(unreadable) == len(files):
        raise UsageError(f"None of the {split} photos in {path} can be decoded.")
    left_out = set(unreadable)
    captions = [captioned[file] for file in files if file not in left_out]
    columns = {name: column for name, column in arrays.items() if name != "label"}
    return CaptionedFiles(columns, captions, names_below(path, files, unreadable))

"""Lists that say which images are of which split: Pascal VOC's text files, or tables."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from dlapps.data.boxes.files import FolderFiles, read_text, split_in_name, without_suffix
from dlapps.data.sources.folders import SPLIT_OF_FOLDER
from dlapps.errors import UsageError, in_short


def read_split_lists(files: FolderFiles) -> dict[str, str]:
    """Returns the split of each image, by its name without suffix; nothing where no list is.

    ImageSets/Main/{train,val,test}.txt go before tables such as train_labels.csv, whose column
    filename counts. Raises UsageError for an image in two splits and for a table that is broken.
    """
    lists: dict[Path, str] = {}
    for file in files.with_suffix(".txt"):
        is_list = file.parts[-3:-1] == ("ImageSets", "Main")
        if is_list and file.stem.lower() in SPLIT_OF_FOLDER:
            lists[file] = SPLIT_OF_FOLDER[file.stem.lower()]
    if lists:
        return _merged({file: (split, [*_lines(file)]) for file, split in lists.items()})
    tables = {}
    for file in files.with_suffix(".csv"):
        split = split_in_name(file.stem)
        if split:
            tables[file] = (split, [*_filenames(file)])
    return _merged(tables)


def _merged(lists: dict[Path, tuple[str, list[str]]]) -> dict[str, str]:
    split_of_name: dict[str, str] = {}
    for file, (split, names) in lists.items():
        for name in names:
            known = split_of_name.setdefault(name, split)
            if known != split:
                raise UsageError(
                    f"{file} has {in_short(name)} in {split}, but another list has it in {known}; "
                    "an image is of one split."
                )
    return split_of_name


def _lines(file: Path) -> Iterator[str]:
    lines = [line.strip() for line in read_text(file).splitlines() if line.strip()]
    # The lists of one class have a number behind every name: 1, 0 or -1.
    parts = [line.rpartition(" ") for line in lines]
    if all(name and mark in ("1", "0", "-1") for name, _, mark in parts):
        lines = [name.strip() for name, *_ in parts]
    yield from map(without_suffix, lines)


def _filenames(file: Path) -> Iterator[str]:
    reader = csv.DictReader(io.StringIO(read_text(file), newline=""))
    try:
        if "filename" not in (reader.fieldnames or ()):
            return
        for row in reader:
            if not row["filename"]:
                raise UsageError(f"{file}, line {reader.line_num}: there is no filename.")
            yield without_suffix(row["filename"])
    except csv.Error as error:
        raise UsageError(f"{file}, line {reader.line_num} is no CSV: {error}.") from error

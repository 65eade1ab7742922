"""Texts with a class: a folder of files, a file of lines, or lines of Python and their module."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlapps.data.sources.folders import (
    FileKind,
    check_nothing_empty,
    map_in_threads,
    names_below,
    scan_class_folders,
    warn_of_unreadable,
)
from dlapps.data.sources.text_files import is_utf8, read_lines, refuse_lines
from dlapps.data.sources.user_files import read_file
from dlapps.data.splits import Examples, carve_tenths_of_classes
from dlapps.datasets.standard_library import module_sources
from dlapps.errors import UsageError

logger = logging.getLogger(__name__)

TEXTS = FileKind("text", (".txt",), "praise/1.txt and complaint/1.txt")
MODULES = ("argparse", "difflib", "inspect", "ipaddress", "mailbox", "pickle", "tarfile", "turtle")
"""Those of about a thousand lines or more, in every Python of today."""
LINES_OF_A_TEXT = 3
MOST_OF_A_MODULE = 400
"""Texts; what makes the classes about equally large."""
SPLITS = ("train", "validation", "test")


class LabelledTexts(NamedTuple):
    """Of each split `text` (bytes) and `label` (int32), and what the labels mean."""

    splits: dict[str, Examples]
    class_names: tuple[str, ...]


def load_modules() -> LabelledTexts:
    """Three lines of Python each, and which module of the standard library they are from.

    Blank lines are left out, and what was there before, letter by letter. Of ten texts of a module
    in a row, eight are to learn from, one validates and one tests. The texts differ between
    versions of Python, as the modules do.
    """
    sources = module_sources()
    names = [name for name in MODULES if name in sources]
    if len(names) < 2:
        raise UsageError("This Python has no source of its standard library; choose other data.")
    parts: dict[str, list[tuple[str, str, int]]] = {split: [] for split in SPLITS}
    seen: set[str] = set()
    for label, name in enumerate(names):
        lines = [line for line in sources[name].splitlines() if line.strip()]
        for number in range(min(len(lines) // LINES_OF_A_TEXT, MOST_OF_A_MODULE)):
            own = lines[number * LINES_OF_A_TEXT : (number + 1) * LINES_OF_A_TEXT]
            text = "\n".join(own)
            split = {8: "validation", 9: "test"}.get(number % 10, "train")
            if text not in seen:
                parts[split].append((f"{name}/{number}", text, label))
            seen.add(text)
    splits = {split: _examples(*zip(*rows, strict=True)) for split, rows in parts.items()}
    return LabelledTexts(splits, tuple(names))


def load_text_folder(path: Path) -> LabelledTexts:
    """The .txt files below a folder of class folders, divided as `scan_class_folders` says.

    Files that are not UTF-8, or empty, are left out, counted and named.
    """
    folder = scan_class_folders(path, TEXTS)
    splits, unreadable = {}, []
    for split, files in folder.splits.items():
        paths, labels = [file for file, _ in files], np.array([label for _, label in files])
        contents = map_in_threads(_read_text, paths, f"Reading {split}")
        kept = np.array([bool(text) for text in contents])
        left_out = [file for file, is_kept in zip(paths, kept, strict=True) if not is_kept]
        names = names_below(path, paths, left_out)
        texts = [text for text in contents if text]
        splits[split] = _examples(names, texts, labels[kept])
        unreadable += left_out
    num_files = sum(len(files) for files in folder.splits.values())
    warn_of_unreadable(unreadable, num_files, TEXTS)
    labels_of = {split: examples.columns["label"] for split, examples in splits.items()}
    check_nothing_empty(path, labels_of, folder.class_names, TEXTS)
    return LabelledTexts(splits, folder.class_names)


def _read_text(path: Path) -> str:
    """The text of a file; empty where there is none, or no UTF-8, or it cannot be read."""
    try:
        contents = read_file(path)
    except OSError:
        return ""
    return contents.decode("utf-8-sig").strip() if is_utf8(contents) else ""


def load_text_tsv(path: Path) -> LabelledTexts:
    """The texts of a file of lines "class TAB text"; a tenth of each class validates, one tests.

    Raises UsageError, which shows the first lines, where some are not of that form.
    """
    lines = read_lines(path, "Say where your texts are with --set data.path=PATH.")
    rows = [[part.strip() for part in line.split("\t", 1)] for line in lines]
    faulty = [number for number, row in enumerate(rows, 1) if len(row) != 2 or not all(row)]
    refuse_lines(path, faulty, lines, "there must be a class, a tab and a text")
    class_names = sorted({name for name, _ in rows})
    if len(class_names) < 2:
        raise UsageError(f"{path} has texts of one class alone; 2 are needed at least.")
    labels = np.array([class_names.index(name) for name, _ in rows])
    splits = {}
    for split, numbers in carve_tenths_of_classes(labels, class_names, path, "texts").items():
        texts = [rows[number][1] for number in numbers]
        splits[split] = _examples([f"line {n + 1}" for n in numbers], texts, labels[numbers])
    return LabelledTexts(splits, tuple(class_names))


def _examples(
    names: Sequence[str] | np.ndarray, texts: Sequence[str], labels: Sequence[int] | np.ndarray
) -> Examples:
    columns = {
        "text": np.array([text.encode() for text in texts], object),
        "label": np.array(labels, np.int32),
    }
    return Examples(columns, names=np.array(names, "S"))

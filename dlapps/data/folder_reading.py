"""Reading a user's many files: side by side, and with a word about those that are broken."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dlapps.data.file_kinds import FileKind
from dlapps.errors import UsageError

logger = logging.getLogger(__name__)

NUM_NAMED = 5


def map_in_threads(function: Callable, items: Iterable, description: str) -> list:
    """Returns the results in the order of the items; a bar appears when it takes long."""
    items = list(items)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(function, items)
        # disable=None: no bar where stderr is no terminal.
        return list(tqdm(results, description, len(items), delay=2, disable=None))


def name_a_few(files: Sequence[Path]) -> str:
    """Returns the first of the files and how many more there are."""
    named = ", ".join(str(file) for file in files[:NUM_NAMED])
    more = len(files) - NUM_NAMED
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

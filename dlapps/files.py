"""Writes that are seen whole or not at all: beside the target first, then renamed."""

import contextlib
import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlapps.errors import UsageError

LONGEST_NAME = 40
"""Characters; each may take four bytes, and a name is at most 255 with what is added to it."""


def write_atomically(path: Path, contents: str | bytes) -> None:
    """Replaces the file at `path`, so that a crash leaves either the old contents or the new."""
    if isinstance(contents, str):
        contents = contents.encode()
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with beside.open("wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_into(directory: Path, name: str, contents: str | bytes) -> Path:
    """Writes `directory/name` atomically, the directory made where missing; returns its path.

    Raises UsageError where that cannot be.
    """
    with writing_to(directory):
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(directory / name, contents)
    return directory / name


def distinct_names(paths: Sequence[str]) -> list[str]:
    """A name for what is made from each file: its own without folder and suffix.

    What a person typed may also be no path: it is cut to a length that can name a file. Where one
    repeats, it is numbered: a/1.png and b/1.png become 1 and 1_2.
    """
    names: dict[str, None] = {}
    repeats: Counter[str] = Counter()
    for path in paths:
        has_suffix = Path(path).suffix[1:2].isalpha()
        stem = name = (Path(path).stem if has_suffix else Path(path).name)[:LONGEST_NAME]
        while name in names:
            repeats[stem] += 1
            name = f"{stem}_{repeats[stem] + 1}"
        names[name] = None
    return list(names)


@contextlib.contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Yields a directory to fill, which becomes `path` when the block ends without an error.

    Nothing is left behind when it fails. A directory that was at `path` before is replaced.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        yield beside
        _flush(beside)
        if path.exists():
            replaced = path.with_name(f".{path.name}.{os.getpid()}.replaced.partial")
            path.rename(replaced)
            beside.rename(path)
            shutil.rmtree(replaced)
        else:
            beside.rename(path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


@contextlib.contextmanager
def writing_to(directory: Path) -> Iterator[None]:
    """A block whose writes into `directory`, where they fail, end in one sentence."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"Cannot write to {directory}: {error.strerror}.") from error


def _flush(directory: Path) -> None:
    for file in directory.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


@contextlib.contextmanager
def sole_user(directory: Path) -> Iterator[None]:
    """A block in which no other process may be in such a block for the same directory."""
    with (directory / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"Another process is training {directory}.") from error
        yield

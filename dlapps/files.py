"""Files: writes that are seen whole or not at all, what is written as JSON, digests, locks."""

import contextlib
import fcntl
import hashlib
import json
import math
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dlapps.errors import UsageError

LONGEST_NAME = 40
"""Characters of what a person typed that name a file."""
MOST_BYTES = 160
"""Of a name; with what is added to it, it may have 255."""
LOCK = ".lock"


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

    What a person typed may also be no path: line breaks become spaces, and it is cut to a length
    that can name a file, as the name of a file is only where it is very long. Where one repeats, it
    is numbered: a/1.png and b/1.png become 1 and 1_2.
    """
    names: dict[str, None] = {}
    repeats: Counter[str] = Counter()
    for path in paths:
        has_suffix = Path(path).suffix[1:2].isalpha()
        name = Path(path).stem if has_suffix else Path(path).name
        most = None if os.path.isfile(path) else LONGEST_NAME
        stem = name = _cut(re.sub(r"\s", " ", name)[:most])
        while name in names:
            repeats[stem] += 1
            name = f"{stem}_{repeats[stem] + 1}"
        names[name] = None
    return list(names)


def _cut(name: str) -> str:
    """The name, or what MOST_BYTES hold of it."""
    encoded = os.fsencode(name)
    return name if len(encoded) <= MOST_BYTES else encoded[:MOST_BYTES].decode(errors="ignore")


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


def json_text(values: Any) -> str:
    """`values` as a JSON document; what is infinite or no number is null in it."""
    return json.dumps(_without_infinities(values), indent=1, allow_nan=False)


def _without_infinities(values: Any) -> Any:
    """JSON has no word for NaN and Infinity, and other programs refuse a document with them."""
    if isinstance(values, dict):
        return {key: _without_infinities(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_without_infinities(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def digest_of(file: Path) -> str:
    """The SHA-256 of what a file holds, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextlib.contextmanager
def writing_to(directory: Path) -> Iterator[None]:
    """A block whose writes into `directory`, where they fail, end in one sentence."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"Cannot write to {directory}: {error.strerror}.") from error


def refuse_patterns(path: Path) -> None:
    """Raises UsageError for a path whose checkpoints TensorFlow could write and not read.

    It takes a path to read from for a pattern.
    """
    found = "".join(sorted({*str(path)} & {*"*?[\\"}))
    if found:
        raise UsageError(
            f"TensorFlow cannot read from {path}, because it takes the {found[0]} there for a "
            "pattern. Choose a path without * ? [ and \\."
        )


def _flush(directory: Path) -> None:
    for file in directory.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


class InUse(UsageError):
    """Another process, of this machine or of one that shares the folder, is working there."""


@contextlib.contextmanager
def sole_user(directory: Path) -> Iterator[None]:
    """A block in which no other process may be in such a block for the same directory.

    Raises InUse where one is. A process that dies is in it no longer.
    """
    with (directory / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse(f"Another process is training {directory}.") from error
        yield


def is_in_use(directory: Path) -> bool:
    """Whether a process is the `sole_user` of a directory."""
    if not (directory / LOCK).exists():
        return False
    try:
        with sole_user(directory):
            return False
    except InUse:
        return True


@contextlib.contextmanager
def filled_alone(directory: Path, is_worth_keeping: Callable[[], bool]) -> Iterator[None]:
    """A block that alone may fill `directory`, which is made where missing.

    Where it fails and left nothing worth keeping, what it made is gone again.
    """
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    with writing_to(directory):
        directory.mkdir(parents=True, exist_ok=True)
    with sole_user(directory):
        before = set(directory.iterdir())
        try:
            yield
        except BaseException:
            if not is_worth_keeping():
                with contextlib.suppress(OSError):
                    _delete(set(directory.iterdir()) - before)
                    _delete_empty(missing)
            raise


def _delete(paths: set[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _delete_empty(directories: Sequence[Path]) -> None:
    """Deletes directories, the inmost first. Raises OSError at one that somebody else filled."""
    for directory in directories:
        (directory / LOCK).unlink(missing_ok=True)
        directory.rmdir()


def published_files(name: str) -> Path | None:
    """The folder that a user named for a publisher's own files of this name; None if nobody did."""
    manual_dir = os.environ.get("DLAPPS_MANUAL_DIR")
    return Path(manual_dir).expanduser() / name if manual_dir else None


def folder_to_name(name: str) -> str:
    """Where a publisher's files go if nobody named a folder for them; follows the word into."""
    return f"a folder {name}/ and name the folder around it with --manual-dir or DLAPPS_MANUAL_DIR"

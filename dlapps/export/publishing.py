"""New versions of an exported model: made aside, then there at once, and none ever replaced."""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

STAGING = ".export-"
JUST_MADE = 5.0
"""Seconds in which a staging folder may be at work without a lock: it is made, then locked."""


@contextlib.contextmanager
def staging_folder(directory: Path) -> Iterator[Path]:
    """A folder inside `directory` that TF Serving ignores, and that is gone afterwards."""
    created = [path for path in (directory, *directory.parents) if not path.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(directory)
        with (
            tempfile.TemporaryDirectory(prefix=STAGING, dir=directory) as private,
            _held(Path(private)),
        ):
            # One level deeper, because only the owner may read a temporary directory.
            yield Path(private) / "export"
    finally:
        with contextlib.suppress(OSError):  # not empty: the export succeeded
            for path in created:
                path.rmdir()


@contextlib.contextmanager
def _held(directory: Path) -> Iterator[None]:
    """A block in which the directory is locked; a process that is killed loses its lock.

    Raises BlockingIOError where another process holds it.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _remove_abandoned(directory: Path) -> None:
    """Deletes what exports that were killed left in `directory`, and nothing of one at work."""
    for abandoned in directory.glob(f"{STAGING}*"):
        with contextlib.suppress(OSError), _held(abandoned):
            if time.time() - abandoned.stat().st_mtime > JUST_MADE:
                shutil.rmtree(abandoned, ignore_errors=True)


def publish(staging: Path, directory: Path, kind: str = "") -> Path:
    """The new folder `directory/<kind><version>`, one above the highest version of its kind.

    Another export that took the number meanwhile is never replaced.
    """
    while True:
        endings = [path.name.removeprefix(kind) for path in directory.glob(f"{kind}*")]
        versions = [int(ending) for ending in endings if ending.isdecimal()]
        try:
            return staging.rename(directory / f"{kind}{max(versions, default=0) + 1}")
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise

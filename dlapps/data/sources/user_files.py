"""The user's own files, opened only where they are files."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_file(path: str | Path) -> BinaryIO:
    """Returns the file, opened for reading; raises OSError where it cannot be.

    So it does for a pipe or a device, without opening it: the one waits for somebody to write, the
    other may never end.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "It is a pipe or a device, and no file", str(path))
    return open(path, "rb")


def read_file(path: str | Path) -> bytes:
    """Returns what is in the file; raises OSError as `open_file` does."""
    with open_file(path) as file:
        return file.read()

"""Paths as the command line takes them."""

import os
import unicodedata
from pathlib import Path

import click

from dlapps.errors import UsageError, in_short


class PathOnDisk(click.ParamType):
    """A path that is there or could be: one that no file system would take is refused."""

    name = "path"

    def convert(
        self, value: object, parameter: click.Parameter | None, context: click.Context | None
    ) -> Path:
        """The path. Raises UsageError."""
        text, named = str(value), f"The path {in_short(str(value))}"
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            raise UsageError(f"{named} holds a character that is no text.")
        try:
            os.lstat(text)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise UsageError(f"{named} cannot be used: {error.strerror}.") from error
        return Path(text)


PATH = PathOnDisk()

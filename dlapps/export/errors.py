"""The error that an export ends in, and what it says of the errors below it."""

import re

from dlapps.errors import DlappsError


class ExportError(DlappsError):
    """A SavedModel was not written; the message says why."""


def reason(error: Exception) -> str:
    """The first line of a message, without the graph coordinates that TensorFlow adds."""
    first_line = str(error).partition("\n")[0]
    return re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:.*?\]", "", first_line).rstrip(".")

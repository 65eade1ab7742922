"""The error that an export ends in."""

from dlapps.errors import DlappsError


class ExportError(DlappsError):
    """A SavedModel was not written; the message says why."""

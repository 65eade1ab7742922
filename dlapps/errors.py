"""Errors a user can act on: the command line prints their message and nothing else."""

import difflib
import re
from collections.abc import Iterable

LONGEST_SHOWN = 200


class DlappsError(Exception):
    """Something failed; the message is one or two sentences that name the thing."""

    exit_code = 1


class UsageError(DlappsError):
    """The command, the config or the data handed in is wrong; the message names alternatives."""

    exit_code = 2


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """The end of a sentence that names the nearest of `known`, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(shortened(str(given)), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}? (Known: {', '.join(names)}.)"
    return f"; known are {', '.join(names)}." if names else "."


def shown(value: object) -> str:
    """A refused value as Python writes it, cut to what a person would read."""
    return shortened(repr(value))


def shortened(text: str, length: int = LONGEST_SHOWN) -> str:
    """The text, or its beginning and an ellipsis, so that an error stays one that is read."""
    return text if len(text) <= length else text[: length - 1] + "…"


def reason(error: Exception) -> str:
    """The first line of a message, without the graph coordinates that TensorFlow adds."""
    first_line = str(error).strip().partition("\n")[0]
    bare = re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:.*?\]", "", first_line).rstrip(".")
    # Longer than a value: TensorFlow begins with a path, and what was wrong stands at the end.
    return shortened(bare, 1000) or type(error).__name__

"""Errors a user can act on: the command line prints their message and nothing else."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

LONGEST_SHOWN = 120
"""Characters of a value, a path or an assignment; one that is longer is read by nobody."""


MOST_NAMES = 40
"""Of a list of alternatives; more are read by nobody."""


class DlappsError(Exception):
    """Something failed; the message is one or two sentences that name the thing."""

    exit_code = 1


class UsageError(DlappsError):
    """The command, the config or the data handed in is wrong; the message names alternatives."""

    exit_code = 2


def printable(text: str) -> str:
    """The text on one line: what breaks or commands a terminal, or is no Unicode, is escaped."""
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        else character
        for character in text
    )


def in_short(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The printable text; of one that is longer, its beginning and its end."""
    half = (longest - 1) // 2
    return printable(text if len(text) <= longest else f"{text[:half]}…{text[-half:]}")


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """The end of a sentence that names the nearest of `known`, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(in_short(str(given)), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}? (Known: {_listed(names)}.)"
    return f"; known are {_listed(names)}." if names else "."


def _listed(names: Sequence[str]) -> str:
    """The names, or of very many the first and the last ones."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    half = MOST_NAMES // 2
    left_out = len(names) - 2 * half
    return ", ".join([*names[:half], f"{left_out} more", *names[-half:]])


def reason(error: Exception) -> str:
    """The first line of a message, without what TensorFlow adds of where in a graph it was."""
    lines = str(error).strip().splitlines()
    if lines[:1] == ["Graph execution error:"]:
        # The node, its stack trace, whose lines are indented, then what happened.
        lines = [
            line for line in lines[1:] if re.match(r"(?!Detected at node|<stack traces)\S", line)
        ]
    first_line = next(iter(lines), "")
    bare = re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:.*?\]", "", first_line).rstrip(".")
    return in_short(bare, 1000) or type(error).__name__

"""Errors a user can act on: the command line prints their message and nothing else."""

import difflib
from collections.abc import Iterable


class DlappsError(Exception):
    """Something failed; the message is one or two sentences that name the thing."""

    exit_code = 1


class UsageError(DlappsError):
    """The command, the config or the data handed in is wrong; the message names alternatives."""

    exit_code = 2


def shown(given: object, longest: int = 160) -> str:
    """What a user gave, as a sentence can hold it: on one line, and cut where it is long."""
    text = shortened(str(given), longest)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shortened(text: str, longest: int) -> str:
    """The text; of a long one its beginning and its end."""
    if len(text) <= longest:
        return text
    return f"{text[: longest // 2]} ... {text[-longest // 2 :]}"


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """The end of a sentence that names the nearest of `known`, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(str(given), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}? (Known: {', '.join(names)}.)"
    return f"; known are {', '.join(names)}." if names else "."

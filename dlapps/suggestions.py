"""The nearest known name, for errors about an unknown one."""

import difflib
from collections.abc import Iterable


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """The end of a sentence that names the nearest of `known`, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(str(given), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}? (Known: {', '.join(names)}.)"
    return f"; known are {', '.join(names)}." if names else "."

"""Units that keep track of something in a text (Karpathy, Johnson, Fei-Fei 2015, "Visualizing and
understanding recurrent networks"), found by correlation."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

NUM_FOUND = 4
WEAKEST = 0.3
"""A correlation below this tells of nothing."""


class Tracked(NamedTuple):
    """What a unit was found to keep track of."""

    what: str
    unit: int
    correlation: float
    """Over the second half of the text; the unit was chosen by the first."""


def tracking_units(tokens: Sequence[str], states: np.ndarray) -> list[Tracked]:
    """For each of a few properties of a text, the unit that follows it best, the best first.

    tokens: [T], states: [T, units] after each. A unit is chosen by the first half of the text, and
    its correlation measured on the second.
    """
    half = len(tokens) // 2
    found = []
    for what, values in properties_of(tokens).items():
        if values[:half].std() == 0 or values[half:].std() == 0:
            continue
        unit = int(np.argmax(np.abs(_correlations(values[:half], states[:half]))))
        correlation = float(_correlations(values[half:], states[half:, unit : unit + 1])[0])
        if abs(correlation) >= WEAKEST:
            found.append(Tracked(what, unit, correlation))
    return sorted(found, key=lambda each: -abs(each.correlation))


def properties_of(tokens: Sequence[str]) -> dict[str, np.ndarray]:
    """What could be kept track of, by its name: a number after each of the tokens, [T] each."""
    text = "".join(tokens)
    ends = np.cumsum([len(token) for token in tokens])
    numbers = np.array([_after_each_character(text)])[0]
    return {name: numbers[ends - 1, column] for column, name in enumerate(PROPERTIES)}


PROPERTIES = (
    "how long the line is",
    "how long the word is",
    "within quotation marks",
    "within brackets",
    "within a name in capitals",
    "how far the line is indented",
)


def _after_each_character(text: str) -> np.ndarray:
    """The PROPERTIES, float [characters, 6]."""
    rows = []
    is_quoted, depth = False, 0
    for line in re.findall(r".*\n|.+$", text):
        indent = len(line) - len(line.lstrip(" "))
        is_name = line.strip().rstrip(":").isupper()
        word = 0
        for number, letter in enumerate(line, 1):
            is_quoted ^= letter == '"'
            depth = max(0, depth + (letter in "([{") - (letter in ")]}"))
            word = word + 1 if letter.isalnum() else 0
            rows.append((number, word, is_quoted, depth, is_name, min(indent, number)))
        rows[-1] = (0, 0, is_quoted, depth, False, 0)
    return np.array(rows, np.float64)


def _correlations(values: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Pearson's r [units] of values [T] with states [T, units]; 0 where a unit does not move."""
    values = values - values.mean()
    states = states - states.mean(axis=0)
    spread = np.sqrt((values**2).sum() * (states**2).sum(axis=0))
    return np.where(spread > 0, values @ states / np.maximum(spread, 1e-12), 0.0)

"""On how many examples something long is measured for a picture that nobody should wait for."""

import keras

from dlapps.explain.architecture.table import layer_table, totals_of

AFFORDED = 20_000_000_000
"""Multiply-adds: some four seconds of one core for a small network."""
FEWEST = 32


def affordable_examples(model: keras.Function, passes: int, most: int) -> int:
    """How many examples may go through a model so many times; 0 where too few to say anything.

    A gradient counts as three passes.
    """
    cost = totals_of(layer_table(model)).multiply_adds
    if cost is None:
        return 0
    count = min(most, AFFORDED // max(passes * cost, 1))
    return count if count >= FEWEST else 0

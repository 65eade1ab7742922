"""The examples that excite the units of a layer most (Zeiler, Fergus 2014, "Visualizing and
understanding convolutional networks")."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import tensorflow as tf


class Exciting(NamedTuple):
    """For each unit some examples, the most exciting first."""

    rows: np.ndarray
    """Which they are, by the order they came in: int [units, K]."""
    places: np.ndarray
    """Where in the maps of the unit each excites it most: int [units, K, axes]."""
    values: np.ndarray
    """How much it does there: float [units, K]."""
    sizes: tuple[int, ...]
    """The sides of those maps; none of a vector."""


def exciting_examples(
    outputs: Callable[..., tf.Tensor], batches: Iterable, count: int, most_units: int
) -> Exciting:
    """The `count` examples that excite each of the first units of a layer most.

    `outputs` gives what the layer makes of a batch, [N, ..., units]; of a map counts the largest
    number. Of two examples that excite a unit alike the one that came first is taken.
    """

    @tf.function(autograph=False, reduce_retracing=True)
    def peaks(batch: object) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        given = outputs(batch)[..., :most_units]
        flat = tf.reshape(given, [tf.shape(given)[0], -1, given.shape[-1]])
        return tf.reduce_max(flat, 1), tf.argmax(flat, 1), tf.shape(given)[1:-1]

    values, places, sizes = zip(*(peaks(batch) for batch in batches), strict=True)
    all_values, all_places = np.concatenate(values).T, np.concatenate(places).T
    rows = np.argsort(-all_values, axis=1, kind="stable")[:, :count]
    best = np.take_along_axis(all_places, rows, axis=1)
    sides = tuple(sizes[0].numpy().tolist())
    where = np.stack(np.unravel_index(best, sides or (1,)), axis=-1)[..., : len(sides)]
    return Exciting(rows, where, np.take_along_axis(all_values, rows, axis=1), sides)

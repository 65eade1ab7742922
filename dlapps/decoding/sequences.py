"""What a search for sequences takes and gives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Step = Callable[[tf.Tensor, Any, Any], tuple[tf.Tensor, Any]]
"""From the last tokens int [M], the states and the context to the next token's logits [M, V] and
the next states. States and context are nests of tensors whose first axis is M as well; the context
stays as it is from step to step."""


class Decoded(NamedTuple):
    """The K sequences that were found for each of N, the best first."""

    tokens: tf.Tensor
    """int32 [N, K, L], filled up with the end token."""
    scores: tf.Tensor
    """float32 [N, K]: the sum of log-probabilities, divided by length ** length_penalty."""


def number_of_sequences(states: Any) -> tf.Tensor:
    """The size of the first axis of a nest of tensors."""
    return tf.shape(tf.nest.flatten(states)[0])[0]


def shapes_that_stay(states: Any) -> Any:
    """The shape of each tensor of a nest, as it is at every step of a loop.

    The number of sequences may change, and an axis that is empty at first grows.
    """

    def shape(state: tf.Tensor) -> tf.TensorShape:
        return tf.TensorShape([None, *(size or None for size in state.shape[1:])])

    return tf.nest.map_structure(shape, states)


def normalized(sums: tf.Tensor, lengths: tf.Tensor, length_penalty: float) -> tf.Tensor:
    """Sums of log-probabilities made comparable over lengths; with penalty 1, means of a token."""
    return sums / tf.cast(lengths, tf.float32) ** length_penalty

"""Gradient times input (Shrikumar et al. 2016, "Not just a black box: learning important features
through propagating activation differences")."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf


def gradient_times_input(
    network: keras.Model,
    inputs: Sequence[tf.Tensor],
    score: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """What each number of the first input adds to the score [N], to first order; in its shape."""
    explained = tf.cast(inputs[0], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(explained)
        outputs = network([explained, *inputs[1:]] if inputs[1:] else explained, training=False)
        scores = score(outputs)
    return tape.gradient(scores, explained) * explained

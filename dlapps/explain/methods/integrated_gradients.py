"""Integrated gradients (Sundararajan, Taly, Yan 2017, "Axiomatic attribution for deep
networks")."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from dlapps.explain.methods.gradients import Score, input_gradient


def integrated_gradients(
    network: keras.Model,
    inputs: Sequence[tf.Tensor],
    score: Score,
    *,
    steps: int = 128,
    baseline: float = 0.0,
) -> tf.Tensor:
    """What each number of the first input added on the way from `baseline`; in its shape.

    All of them together are how far the score [N] rose on that straight way, of which the gradient
    is taken in the middle of each of `steps` equal parts.
    """
    explained = tf.cast(inputs[0], tf.float32)
    way = explained - baseline

    def add(total: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        share = (tf.cast(step, tf.float32) + 0.5) / steps
        _, slopes = input_gradient(network, [baseline + share * way, *inputs[1:]], score)
        return total + slopes

    return way * tf.foldl(add, tf.range(steps), tf.zeros_like(explained)) / steps

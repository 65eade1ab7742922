"""The compiled step from what an agent observes to the values of its actions."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

ActionValues = Callable[[np.ndarray], tf.Tensor]


def acting(model: keras.Model) -> ActionValues:
    """A function from observations [N, ...] to action values [N, A], by the model as it is."""

    @tf.function
    def action_values(observations: tf.Tensor) -> tf.Tensor:
        return tf.cast(model(observations, training=False), tf.float32)

    # As a tensor, because an array would be taken for a constant of another graph each time.
    return lambda observations: action_values(tf.constant(observations))

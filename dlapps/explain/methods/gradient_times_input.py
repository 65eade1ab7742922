"""Gradient times input (Shrikumar et al. 2016, "Not just a black box: learning important features
through propagating activation differences")."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from dlapps.explain.methods.gradients import Score, input_gradient


def gradient_times_input(
    network: keras.Model, inputs: Sequence[tf.Tensor], score: Score
) -> tf.Tensor:
    """What each number of the first input adds to the score [N], to first order; in its shape."""
    explained, slopes = input_gradient(network, inputs, score)
    return slopes * explained

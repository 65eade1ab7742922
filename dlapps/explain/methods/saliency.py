"""Saliency (Simonyan, Vedaldi, Zisserman 2014, "Deep inside convolutional networks: visualising
image classification models and saliency maps")."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from dlapps.explain.methods.gradients import Score, input_gradient


def saliency(network: keras.Model, inputs: Sequence[tf.Tensor], score: Score) -> tf.Tensor:
    """How fast the score [N] moves with each number of the first input; in its shape, from 0."""
    _, slopes = input_gradient(network, inputs, score)
    return tf.abs(slopes)

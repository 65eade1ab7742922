"""Guided back-propagation (Springenberg et al. 2015, "Striving for simplicity: the all
convolutional net") and the deconvolutional network (Zeiler, Fergus 2014, "Visualizing and
understanding convolutional networks")."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from dlapps.explain.methods.gradients import Score, input_gradient
from dlapps.explain.methods.replay import parts_of, replayed

RECTIFIERS = (keras.activations.relu, keras.activations.relu6)


def guided_backpropagation(
    network: keras.Function, inputs: Sequence[tf.Tensor], score: Score
) -> tf.Tensor:
    """The gradient of the score [N] by the first input, in its shape, along excited units only.

    At each rectifier what flows back is cut where the unit was off and where it is negative.
    """
    return _through_rectifiers(network, inputs, score, lambda x, y: tf.logical_and(x > 0, x == y))


def deconvolutional_network(
    network: keras.Function, inputs: Sequence[tf.Tensor], score: Score
) -> tf.Tensor:
    """The score [N] led back to the first input, in its shape, through rectifiers of its own.

    What flows back is cut where it is negative, whether the unit was on or off.
    """
    return _through_rectifiers(network, inputs, score, lambda x, y: tf.ones_like(x, tf.bool))


def _through_rectifiers(
    network: keras.Function,
    inputs: Sequence[tf.Tensor],
    score: Score,
    passes: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """The gradient by the first input, of which rectifiers pass nothing negative.

    `passes` says from the input and output of a rectifier where it passes anything at all.
    """

    def rule(operation: keras.Operation) -> Callable[..., Any]:
        linear_part, activation = parts_of(operation)
        if not _rectifies(activation):
            return operation

        @tf.custom_gradient
        def rectified(x: tf.Tensor):
            y = activation(x)
            return y, lambda slopes: tf.where(passes(x, y), tf.nn.relu(slopes), 0)

        return lambda *positional, **named: rectified(linear_part(*positional, **named))

    _, slopes = input_gradient(network, inputs, score, functools.partial(replayed, rule=rule))
    return slopes


def _rectifies(activation: Callable[[Any], Any]) -> bool:
    if isinstance(activation, layers.ReLU):
        return not activation.negative_slope and not activation.threshold
    return activation in RECTIFIERS

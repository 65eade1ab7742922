"""What flows back through rectifiers, against cases computed by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.explain.methods.guided_backpropagation import (
    deconvolutional_network,
    guided_backpropagation,
)

FIRST = np.array([[1.0, -1.0, 2.0], [1.0, 1.0, -3.0]])
SECOND = np.array([[1.0], [2.0], [-1.0]])
ON = [[1.0, 2.0]]
"""At which the units are 3, 1 and -4: the third is off."""
OFF = [[3.0, 1.0]]
"""At which they are 4, -2 and 3: the second is off."""


def build(kind: str) -> keras.Model:
    """Two inputs, three units that rectify, their weighted sum; built in each way there is."""
    x = keras.Input((2,))
    if kind == "fused":
        units = layers.Dense(3, activation="relu", use_bias=False, name="first")(x)
    else:
        rectifier = layers.ReLU() if kind == "layer" else layers.Activation("relu")
        units = rectifier(layers.Dense(3, use_bias=False, name="first")(x))
    network = keras.Model(x, layers.Dense(1, use_bias=False, name="second")(units))
    network.set_weights([FIRST, SECOND])
    return network


@pytest.mark.parametrize("kind", ["fused", "layer", "activation"])
@pytest.mark.parametrize(
    ("method", "point", "flows"),
    [
        # The second layer sends back 1, 2 and -1; the last is negative and cut by both.
        (guided_backpropagation, ON, [1, 2, 0]),
        (guided_backpropagation, OFF, [1, 0, 0]),
        (deconvolutional_network, ON, [1, 2, 0]),
        (deconvolutional_network, OFF, [1, 2, 0]),
    ],
)
def test_what_is_cut_is_what_was_said(kind, method, point, flows):
    found = method(build(kind), [tf.constant(point)], lambda y: y[:, 0])
    np.testing.assert_allclose(found, [FIRST @ flows])


def test_it_leaves_the_network_as_it_was(network, images):
    before = network(images)
    guided_backpropagation(network, [tf.constant(images)], lambda logits: logits[:, 0])
    np.testing.assert_array_equal(network(images), before)
    assert network.get_layer("conv1").activation is keras.activations.relu


def test_a_bounded_rectifier_that_is_full_passes_nothing():
    x = keras.Input((3,))
    network = keras.Model(x, layers.ReLU(6.0)(x))
    point = [tf.constant([[-1.0, 2.0, 8.0]])]
    found = guided_backpropagation(network, point, lambda y: tf.reduce_sum(y, axis=1))
    np.testing.assert_array_equal(found, [[0, 1, 0]])

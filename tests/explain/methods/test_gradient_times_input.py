"""Gradient times input is exact where the network is linear, and leaves other inputs alone."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dlapps.explain.methods.gradient_times_input import gradient_times_input


def test_a_linear_score_is_divided_among_its_inputs():
    inputs = keras.Input((3,))
    network = keras.Model(inputs, layers.Dense(2, use_bias=False)(inputs))
    x = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]], np.float32)
    relevance = gradient_times_input(network, [tf.constant(x)], lambda y: y[:, 1])
    np.testing.assert_allclose(relevance, x * network.layers[1].kernel.numpy()[:, 1], rtol=1e-6)
    scores = network.predict(x, verbose=0)[:, 1]
    np.testing.assert_allclose(np.sum(relevance, axis=1), scores, rtol=1e-5)


def test_the_first_of_several_inputs_is_explained():
    first, second = keras.Input((2,)), keras.Input((2,))
    network = keras.Model([first, second], layers.Multiply()([first, second]))
    x, gate = tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 0.0]])
    relevance = gradient_times_input(network, [x, gate], lambda y: tf.reduce_sum(y, axis=1))
    np.testing.assert_array_equal(relevance, [[3.0, 0.0]])

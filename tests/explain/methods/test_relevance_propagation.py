"""Relevance arrives whole, and as computed by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.explain.methods.gradient_times_input import gradient_times_input
from dlapps.explain.methods.relevance_propagation import lrp_alpha_beta, lrp_epsilon


def score(logits: tf.Tensor) -> tf.Tensor:
    return logits[:, 1]


def total(relevance: tf.Tensor) -> np.ndarray:
    return relevance.numpy().sum(axis=tuple(range(1, len(relevance.shape))))


def without_biases(network: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    for layer in copy._flatten_layers():
        if getattr(layer, "bias", None) is not None:
            layer.bias.assign(tf.zeros_like(layer.bias))
    return copy


@pytest.mark.parametrize("which", ["network", "branched"])
def test_all_of_the_score_arrives(which, images, request):
    network = request.getfixturevalue(which)
    x = [tf.constant(images)]
    np.testing.assert_allclose(
        total(lrp_alpha_beta(network, x, score)), score(network(images)), rtol=1e-3
    )
    bare = without_biases(network)
    np.testing.assert_allclose(
        total(lrp_epsilon(bare, x, score, epsilon=1e-6)), score(bare(images)), rtol=1e-3
    )


def test_biases_keep_what_they_added():
    x = keras.Input((2,))
    network = keras.Model(x, layers.Dense(1)(x))
    network.set_weights([np.array([[2.0], [1.0]]), np.array([5.0])])
    found = lrp_epsilon(network, [tf.constant([[3.0, -1.0]])], lambda y: y[:, 0], epsilon=0.0)
    np.testing.assert_allclose(found, [[6.0, -1.0]], rtol=1e-5)


def test_without_epsilon_it_is_gradient_times_input_where_all_rectifies(network, images):
    """Ancona et al. 2018, "Towards better understanding of gradient-based attribution methods"."""
    bare = without_biases(network)
    x = [tf.constant(images)]
    found = lrp_epsilon(bare, x, score, epsilon=0.0)
    np.testing.assert_allclose(found, gradient_times_input(bare, x, score), atol=1e-4)


def test_epsilon_takes_where_inputs_cancel_out():
    x = keras.Input((2,))
    network = keras.Model(x, layers.Dense(1, use_bias=False)(x))
    network.set_weights([np.array([[1.0], [-1.0]])])
    found = lrp_epsilon(network, [tf.constant([[3.0, 1.0]])], lambda y: y[:, 0], epsilon=0.25)
    # 2 of relevance over 2 + a quarter of 2.
    np.testing.assert_allclose(found, [[3 * 2 / 2.5, -1 * 2 / 2.5]], rtol=1e-5)


def test_for_and_against_are_kept_apart():
    x = keras.Input((3,))
    network = keras.Model(x, layers.Dense(1, use_bias=False)(x))
    network.set_weights([np.array([[2.0], [-1.0], [-1.0]])])
    # It is raised by 6 and 2, lowered by 1, and gives 7.
    point = [tf.constant([[3.0, 1.0, -2.0]])]
    found = lrp_alpha_beta(network, point, lambda y: y[:, 0], alpha=2.0)
    np.testing.assert_allclose(found, [[14 * 6 / 8, -7, 14 * 2 / 8]], rtol=1e-5)
    found = lrp_alpha_beta(network, point, lambda y: y[:, 0], alpha=1.0)
    np.testing.assert_allclose(found, [[7 * 6 / 8, 0, 7 * 2 / 8]], atol=1e-5)

"""Attacks are exact where the network is linear, and keep to their ball and bounds."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.explain.methods.adversarial_examples import (
    fast_gradient_sign,
    projected_gradient_descent,
)

ATTACKS = pytest.mark.parametrize("attack", [fast_gradient_sign, projected_gradient_descent])
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def linear() -> keras.Model:
    """Two classes: logits are 0 and w x + b."""
    inputs = keras.Input((5,))
    network = keras.Model(inputs, layers.Dense(2)(inputs))
    kernel = np.stack([np.zeros(5), RANDOM.normal(size=5)], axis=1)
    network.layers[1].set_weights([kernel, np.array([0.0, 0.3])])
    return network


def margins(network: keras.Model, x: np.ndarray) -> np.ndarray:
    kernel, bias = network.layers[1].get_weights()
    return x @ kernel[:, 1] + bias[1]


def accuracy(network: keras.Model, x: tf.Tensor, labels: np.ndarray) -> float:
    return float(np.mean(np.argmax(network(x), axis=-1) == labels))


@pytest.mark.parametrize("targeted", [False, True])
def test_one_step_on_a_linear_classifier_is_the_closed_form(linear, targeted):
    x = RANDOM.normal(size=(6, 5)).astype(np.float32)
    labels = np.array([0, 1, 0, 1, 1, 0])
    moved = fast_gradient_sign(linear, tf.constant(x), labels, 0.1, targeted=targeted)
    signs = np.sign(linear.layers[1].get_weights()[0][:, 1])
    away = np.where(labels == 0, 1, -1)[:, None] * (-1 if targeted else 1)
    np.testing.assert_allclose(moved, x + 0.1 * away * signs, rtol=1e-6)


@ATTACKS
def test_accuracy_of_a_linear_classifier_falls_as_its_margins_say(linear, attack):
    x = RANDOM.normal(size=(300, 5)).astype(np.float32)
    margin = margins(linear, x)
    labels = (margin > 0).astype(int)
    labels[:30] = 1 - labels[:30]
    norm = np.abs(linear.layers[1].get_weights()[0][:, 1]).sum()
    for epsilon in (0.0, 0.05, 0.2, 0.5):
        # The margin falls by epsilon times the L1 norm of the weights, and by no more.
        stands = np.where(labels == 1, margin, -margin) > epsilon * norm
        found = accuracy(linear, attack(linear, tf.constant(x), labels, epsilon), labels)
        assert found == pytest.approx(stands.mean(), abs=1e-6)
    assert 0 < found < 0.9


@ATTACKS
def test_certainty_hides_no_gradient(attack):
    """In float32 the softmax of these logits is exactly 1 and 0, so cross-entropy has no slope."""
    inputs = keras.Input((1,))
    network = keras.Model(inputs, layers.Dense(2, use_bias=False)(inputs))
    network.layers[1].set_weights([np.array([[-100.0, 100.0]])])
    moved = attack(network, tf.constant([[1.0]]), tf.constant([1]), 1.5)
    np.testing.assert_allclose(moved, [[-0.5]], atol=1e-6)


@ATTACKS
@pytest.mark.parametrize("epsilon", [0.0, 0.03, 0.6])
def test_nothing_leaves_the_ball_or_the_bounds(network, images, attack, epsilon):
    moved = attack(network, tf.constant(images), np.array([0, 1, 2]), epsilon, bounds=(0.0, 1.0))
    assert moved.shape == images.shape
    assert np.abs(moved - images).max() <= epsilon + 1e-6
    assert np.min(moved) >= 0
    assert np.max(moved) <= 1
    assert (np.abs(moved - images).max() > 0) == (epsilon > 0)


def test_many_steps_are_stronger_than_one(network, images):
    labels = np.argmax(network(images), axis=-1)

    def loss(attack, **options):
        moved = attack(network, tf.constant(images), labels, 0.1, **options)
        return keras.losses.sparse_categorical_crossentropy(
            labels, network(moved), from_logits=True
        ).numpy()

    clean = loss(lambda network, x, *_: x)
    one, many = loss(fast_gradient_sign), loss(projected_gradient_descent)
    assert np.all(one > clean)
    assert np.all(many >= one - 1e-4)
    assert np.any(many > one)


def test_a_target_is_approached(network, images):
    other = (np.argmax(network(images), axis=-1) + 1) % 4
    attack = functools.partial(projected_gradient_descent, targeted=True, steps=20)
    moved = attack(network, tf.constant(images), other, 0.5, bounds=(0.0, 1.0))
    assert accuracy(network, moved, other) == 1.0


def test_the_start_is_a_function_of_the_seed(network, images):
    attack = functools.partial(
        projected_gradient_descent, network, tf.constant(images), np.array([0, 1, 2]), 0.1
    )
    np.testing.assert_array_equal(attack(seed=1), attack(seed=1))
    assert np.any(attack(seed=1, steps=1) != attack(seed=2, steps=1))

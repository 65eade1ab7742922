"""Squashing and routing are those of the paper, and have the gradients that they promise."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.layers.capsules import Presence, RoutedCapsules, length, routed, squash

RANDOM = np.random.default_rng(0)
PREDICTIONS = RANDOM.normal(size=(2, 3, 5, 4)).astype(np.float32)


def squashed(vector: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(vector)
    return norm**2 / (1 + norm**2) * vector / norm


def routed_one_by_one(predictions: np.ndarray, iterations: int):
    """Procedure 1 of the paper for one example, predictions [C, I, D]: capsules, coefficients."""
    num_above, num_below, _ = predictions.shape
    logits = np.zeros((num_below, num_above))
    for _ in range(iterations):
        odds = np.exp(logits)
        coupling = odds / odds.sum(axis=1, keepdims=True)
        capsules = []
        for above in range(num_above):
            total = sum(
                coupling[below, above] * predictions[above, below] for below in range(num_below)
            )
            capsules.append(squashed(total))
        for below in range(num_below):
            for above in range(num_above):
                logits[below, above] += predictions[above, below] @ capsules[above]
    return np.array(capsules), coupling.T


@pytest.mark.parametrize("norm", [1e-3, 0.5, 1.0, 30.0])
def test_squash_keeps_the_direction_and_shortens_the_length(norm):
    vector = norm * np.array([[[3.0, -4.0]]], np.float32) / 5
    short = squash(vector)
    np.testing.assert_allclose(length(short), [[norm**2 / (1 + norm**2)]], rtol=1e-5)
    np.testing.assert_allclose(short / length(short)[..., None], [[[0.6, -0.8]]], rtol=1e-5)


def test_a_vector_of_zero_has_a_finite_gradient_all_the_way_to_its_logit():
    zero = tf.zeros([1, 2, 3])
    with tf.GradientTape() as tape:
        tape.watch(zero)
        capsules = squash(zero)
        logits = Presence()(capsules)
    np.testing.assert_array_equal(capsules, 0)
    assert np.all(np.isfinite(logits))
    assert np.all(np.isfinite(tape.gradient(logits, zero)))


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_routing_is_the_papers_procedure(iterations):
    capsules, coefficients = routed(PREDICTIONS, iterations)
    for example in range(2):
        expected = routed_one_by_one(PREDICTIONS[example], iterations)
        np.testing.assert_allclose(capsules[example], expected[0], rtol=1e-4)
        np.testing.assert_allclose(coefficients[example], expected[1], rtol=1e-4)


def test_each_capsule_below_shares_itself_out():
    coefficients = routed(PREDICTIONS, 3)[1]
    np.testing.assert_allclose(tf.reduce_sum(coefficients, axis=1), np.ones((2, 5)), rtol=1e-6)
    np.testing.assert_allclose(routed(PREDICTIONS, 1)[1], np.full((2, 3, 5), 1 / 3), rtol=1e-6)


def test_agreement_attracts():
    """Below the first capsule above all predict alike, below the second each its own."""
    alike = np.tile([1.0, 0.0], (4, 1))
    apart = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    predictions = np.stack([alike, apart])[None].astype(np.float32)
    shares = [routed(predictions, iterations)[1][0, 0, 0] for iterations in (1, 2, 3)]
    assert shares[0] == 0.5
    assert shares[0] < shares[1] < shares[2]


def test_gradients_take_the_last_coefficients_for_constants():
    predictions = tf.constant(PREDICTIONS)
    coefficients = routed(predictions, 3)[1]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(predictions)
        capsules = routed(predictions, 3)[0]
        weighted = squash(tf.reduce_sum(coefficients[..., None] * predictions, axis=2))
    expected = tape.gradient(weighted, predictions)
    np.testing.assert_allclose(tape.gradient(capsules, predictions), expected, atol=1e-6)


def test_a_prediction_is_a_matrix_of_its_own_times_the_capsule_below():
    layer = RoutedCapsules(3, 4)
    below = RANDOM.normal(size=(2, 5, 6)).astype(np.float32)
    layer.build(below.shape)
    kernel = layer.kernel.numpy().reshape(5, 6, 3, 4)
    assert layer.count_params() == kernel.size
    expected = np.zeros((2, 3, 5, 4), np.float32)
    for n, above, i in np.ndindex(2, 3, 5):
        expected[n, above, i] = below[n, i] @ kernel[i, :, above]
    np.testing.assert_allclose(layer.predictions(below), expected, atol=1e-6)
    np.testing.assert_allclose(layer(below), routed(expected, 3)[0], atol=1e-6)


def test_presence_is_the_log_odds_of_the_length():
    capsules = squash(PREDICTIONS[:, :, 0])
    logits = Presence()(capsules)
    np.testing.assert_allclose(tf.sigmoid(logits), length(capsules), rtol=1e-5)
    # Odds of a squashed vector are the square of what it was: the softmax shares those out.
    squares = np.sum(PREDICTIONS[:, :, 0] ** 2, axis=-1)
    shares = squares / squares.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(tf.nn.softmax(logits), shares, rtol=1e-4)


def test_a_capsule_of_length_one_has_finite_odds():
    assert np.all(np.isfinite(Presence()(np.array([[[0.0, 1.0]]], np.float32))))

"""Label smoothing on numbered labels is Keras' own on one-hot labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_like_keras_on_one_hot_labels_and_weighted(smoothing):
    random = np.random.default_rng(0)
    logits = random.standard_normal((2, 3, 5)).astype(np.float32)
    labels = random.integers(0, 5, (2, 3))
    weights = np.array([[1, 1, 1], [1, 0, 0]], np.float32)
    each = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, reduction="none"
    )(np.eye(5, dtype=np.float32)[labels], logits)
    expected = np.sum(np.asarray(each) * weights) / weights.sum()
    loss = SmoothedCrossentropy(smoothing)
    np.testing.assert_allclose(loss(labels, logits, weights), expected, rtol=1e-5)
    again = SmoothedCrossentropy.from_config(loss.get_config())
    np.testing.assert_allclose(again(labels, logits, weights), expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_its_slope_is_that_of_one_hot_labels(smoothing):
    random = np.random.RandomState(0)
    logits = tf.constant(random.normal(size=(2, 3, 5)), tf.float32)
    labels, weights = random.randint(0, 5, (2, 3)), tf.constant(random.random_sample((2, 3)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        loss = SmoothedCrossentropy(smoothing)(labels, logits, weights)
        expected = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=smoothing, reduction="mean_with_sample_weight"
        )(tf.one_hot(labels, 5), logits, weights)
    np.testing.assert_allclose(
        tape.gradient(loss, logits), tape.gradient(expected, logits), atol=1e-6
    )

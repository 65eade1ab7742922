"""Each loss of a classifier is what Keras, or its paper, computes of one-hot labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.losses.classification import LOSSES, ClassificationLoss

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(6, 4)).astype(np.float32) * 2
LABELS = np.array([0, 1, 2, 3, 1, 0])
ONE_HOT = np.eye(4, dtype=np.float32)[LABELS]
PROBABILITIES = keras.ops.softmax(LOGITS).numpy()
SHARES = RANDOM.dirichlet(np.ones(4), size=6).astype(np.float32)


def best_other(logits: np.ndarray, label: int) -> float:
    return np.delete(logits, label).max()


EXPECTED = {
    "crossentropy": keras.losses.CategoricalCrossentropy()(ONE_HOT, PROBABILITIES),
    "binary_crossentropy": 4 * keras.losses.BinaryCrossentropy(True)(ONE_HOT, LOGITS),
    "mean_squared_error": 4 * keras.losses.MeanSquaredError()(ONE_HOT, PROBABILITIES),
    "hinge": np.mean(
        [max(0, 1 + best_other(row, y) - row[y]) for row, y in zip(LOGITS, LABELS, strict=True)]
    ),
    "kullback_leibler": keras.losses.KLDivergence()(ONE_HOT, PROBABILITIES),
    "focal": keras.losses.CategoricalFocalCrossentropy(alpha=1.0)(ONE_HOT, PROBABILITIES),
}


@pytest.mark.parametrize("kind", LOSSES)
def test_numbers_and_one_hot_labels_give_the_known_loss(kind):
    loss = ClassificationLoss(kind)
    assert float(loss(LABELS, LOGITS)) == pytest.approx(float(EXPECTED[kind]), rel=1e-5)
    assert float(loss(ONE_HOT, LOGITS)) == pytest.approx(float(EXPECTED[kind]), rel=1e-5)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_loss_of_a_mixture_pulls_towards_both_classes(kind):
    logits = tf.Variable([[0.0, 0.1, 0.2, 0.3]])
    with tf.GradientTape() as tape:
        loss = ClassificationLoss(kind)(np.array([[0.6, 0.4, 0.0, 0.0]], np.float32), logits)
    slopes = tape.gradient(loss, logits).numpy()[0]
    assert slopes[0] < slopes[1] < slopes[2]


def test_smoothing_is_kerass():
    keras_loss = keras.losses.CategoricalCrossentropy(True, label_smoothing=0.1)
    ours = ClassificationLoss(label_smoothing=0.1)
    assert float(ours(LABELS, LOGITS)) == pytest.approx(float(keras_loss(ONE_HOT, LOGITS)))


def test_divergence_is_zero_where_the_labels_are_met():
    loss = ClassificationLoss("kullback_leibler")
    assert float(loss(SHARES, np.log(SHARES))) == pytest.approx(0, abs=1e-6)
    assert float(loss(SHARES, LOGITS)) > 0.1


def test_without_gamma_focal_is_crossentropy():
    focal, plain = ClassificationLoss("focal", gamma=0.0), ClassificationLoss()
    assert float(focal(LABELS, LOGITS)) == pytest.approx(float(plain(LABELS, LOGITS)))


def test_a_loss_is_saved_with_its_settings():
    loss = ClassificationLoss("focal", 0.1, 3.0)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(again(LABELS, LOGITS)) == float(loss(LABELS, LOGITS))

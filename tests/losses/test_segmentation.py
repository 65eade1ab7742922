"""The segmentation loss is cross-entropy and Dice as their papers have them, blind to void."""

import keras
import numpy as np
import tensorflow as tf

from dlapps.losses.segmentation import SegmentationLoss

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(3, 4, 5, 3)).astype(np.float32)
TRUTH = RANDOM.integers(0, 3, (3, 4, 5)).astype(np.uint8)


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits)
    return odds / odds.sum(axis=-1, keepdims=True)


def test_without_dice_it_is_cross_entropy():
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(TRUTH, LOGITS)
    np.testing.assert_allclose(SegmentationLoss()(TRUTH, LOGITS), expected, rtol=1e-6)


def test_dice_is_the_mean_over_the_classes_that_occur():
    truth = np.minimum(TRUTH, 1)  # class 2 never occurs
    p, scores = softmax(LOGITS), []
    for image in range(3):
        of_image = []
        for label in (0, 1):
            t = truth[image] == label
            q = p[image, ..., label]
            of_image.append(2 * np.sum(q * t) / (np.sum(q**2) + np.sum(t)))
        scores.append(1 - np.mean(of_image))
    difference = SegmentationLoss(dice_weight=2.0)(truth, LOGITS) - SegmentationLoss()(
        truth, LOGITS
    )
    np.testing.assert_allclose(difference, 2 * np.mean(scores), rtol=1e-5)


def test_a_perfect_answer_costs_nothing():
    logits = 50.0 * np.eye(3, dtype=np.float32)[TRUTH]
    assert float(SegmentationLoss(dice_weight=1.0)(TRUTH, logits)) < 1e-5


def test_void_pixels_count_for_nothing():
    loss = SegmentationLoss(dice_weight=1.0)
    truth = TRUTH.copy()
    truth[:, :2] = 255
    np.testing.assert_allclose(loss(truth, LOGITS), loss(TRUTH[:, 2:], LOGITS[:, 2:]), rtol=1e-6)


def test_an_image_that_is_void_everywhere_has_a_gradient_of_zero():
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        loss = SegmentationLoss(dice_weight=1.0)(np.full_like(TRUTH, 255), logits)
    np.testing.assert_array_equal(tape.gradient(loss, logits), 0)


def test_it_survives_being_saved():
    loss = SegmentationLoss(dice_weight=0.5, void=9)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()

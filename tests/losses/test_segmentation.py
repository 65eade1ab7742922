"""The segmentation loss is cross-entropy and Dice as their papers have them, blind to void."""

import keras
import numpy as np
import tensorflow as tf

from dlapps.losses.segmentation import SegmentationLoss, median_frequency_weights

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


def test_a_pixel_counts_as_its_class_weighs():
    weights = np.array([0.5, 2.0, 0.0], np.float32)
    p = np.take_along_axis(softmax(LOGITS), TRUTH[..., None], axis=-1)[..., 0]
    expected = np.mean(-weights[TRUTH] * np.log(p))
    loss = SegmentationLoss(class_weights=weights.tolist())(TRUTH, LOGITS)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_a_pixel_that_is_answered_well_counts_less_by_the_focal_loss():
    p = np.take_along_axis(softmax(LOGITS), TRUTH[..., None], axis=-1)[..., 0]
    expected = np.mean(-((1 - p) ** 2) * np.log(p))
    loss = SegmentationLoss(focal_gamma=2.0)(TRUTH, LOGITS)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_what_is_between_objects_counts_more():
    borders = RANDOM.random(TRUTH.shape).astype(np.float32)
    class_weights = np.array([0.5, 2.0, 0.1], np.float32)
    p = np.take_along_axis(softmax(LOGITS), TRUTH[..., None], axis=-1)[..., 0]
    expected = np.mean(-(class_weights[TRUTH] + 10 * borders) * np.log(p))
    loss = SegmentationLoss(class_weights=class_weights.tolist(), border_weight=10.0)
    np.testing.assert_allclose(loss(TRUTH, LOGITS, borders), expected, rtol=1e-5)


def test_a_perfect_answer_has_a_finite_focal_gradient():
    logits = tf.Variable(200.0 * np.eye(3, dtype=np.float32)[TRUTH])
    with tf.GradientTape() as tape:
        loss = SegmentationLoss(focal_gamma=0.5)(TRUTH, logits)
    assert np.all(np.isfinite(tape.gradient(loss, logits)))


def test_classes_are_balanced_by_the_median_of_their_frequencies():
    masks = np.array([[[0, 0, 0, 2]], [[0, 0, 0, 1]], [[1, 1, 255, 255]]], np.uint8)
    # Class 0: 6 of 8 pixels, class 1: 3 of 6, class 2: 1 of 4; class 3 never occurs.
    expected = [0.5 / 0.75, 1.0, 0.5 / 0.25, 0.0]
    np.testing.assert_allclose(median_frequency_weights(masks, 4), expected)
    nothing = np.full((1, 2, 2), 255, np.uint8)
    np.testing.assert_array_equal(median_frequency_weights(nothing, 2), [0, 0])


def test_it_survives_being_saved():
    loss = SegmentationLoss(
        dice_weight=0.5, void=9, class_weights=[1.0, 2.0], focal_gamma=2.0, border_weight=3.0
    )
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()

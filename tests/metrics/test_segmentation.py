"""The report of a segmentation agrees with hand counts, scikit-learn and Keras."""

import keras
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score

from dlapps.metrics.segmentation import pixel_confusion, segmentation_report, soft_dice

NAMES = ("sky", "road", "tree")
RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.integers(0, 3, (4, 6, 5))
PREDICTED = np.where(RANDOM.random(TRUTH.shape) < 0.7, TRUTH, 0)


def test_a_case_counted_by_hand():
    truth, predicted = [[0, 0, 1, 1]], [[0, 1, 1, 1]]
    report = segmentation_report(pixel_confusion(truth, predicted, 2), ("a", "b"))
    assert report["confusion_matrix"] == [[1, 1], [0, 2]]
    assert report["per_class"]["a"] == {
        "iou": 1 / 2, "dice": 2 / 3, "precision": 1.0, "recall": 1 / 2, "share": 1 / 2,
    }  # fmt: skip
    assert report["per_class"]["b"]["iou"] == pytest.approx(2 / 3)
    assert report["mean_iou"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert report["mean_dice"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert report["pixel_accuracy"] == 0.75


def test_it_agrees_with_scikit_learn_and_keras():
    confusion = pixel_confusion(TRUTH, PREDICTED, 3)
    truth, predicted = TRUTH.ravel(), PREDICTED.ravel()
    np.testing.assert_array_equal(confusion, confusion_matrix(truth, predicted))
    report = segmentation_report(confusion, NAMES)
    assert report["mean_iou"] == pytest.approx(jaccard_score(truth, predicted, average="macro"))
    assert report["mean_dice"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    metric = keras.metrics.MeanIoU(3)
    metric.update_state(TRUTH, PREDICTED)
    assert report["mean_iou"] == pytest.approx(float(metric.result()))


def test_void_is_left_out():
    truth = TRUTH.copy()
    truth[0] = 255
    np.testing.assert_array_equal(
        pixel_confusion(truth, PREDICTED, 3), pixel_confusion(TRUTH[1:], PREDICTED[1:], 3)
    )


def test_a_class_that_occurs_nowhere_is_in_no_mean():
    report = segmentation_report(pixel_confusion([0, 1], [0, 1], 3), NAMES)
    assert report["mean_iou"] == report["mean_dice"] == 1
    assert report["per_class"]["tree"]["iou"] == 0


def test_soft_dice_of_certain_answers_is_dice_of_each_image():
    probabilities = np.eye(3)[PREDICTED]
    expected = [f1_score(t.ravel(), p.ravel(), average="macro") for t, p in zip(TRUTH, PREDICTED)]
    np.testing.assert_allclose(soft_dice(TRUTH, probabilities), expected, atol=1e-6)


def test_soft_dice_squares_the_probabilities_below():
    truth, probabilities = np.array([[[0, 1]]]), np.array([[[[0.8, 0.2], [0.4, 0.6]]]])
    first = 2 * 0.8 / (0.8**2 + 0.4**2 + 1)
    second = 2 * 0.6 / (0.2**2 + 0.6**2 + 1)
    np.testing.assert_allclose(soft_dice(truth, probabilities), [(first + second) / 2], atol=1e-6)


def test_soft_dice_is_the_mean_over_the_classes_of_the_image():
    truth = np.array([[[0, 1]], [[255, 255]]])
    probabilities = np.array([[[0.8, 0.1, 0.1], [0.3, 0.6, 0.1]]])[None].repeat(2, axis=0)
    first = 2 * 0.8 / (0.8**2 + 0.3**2 + 1)
    second = 2 * 0.6 / (0.1**2 + 0.6**2 + 1)
    scores = soft_dice(truth, probabilities)
    np.testing.assert_allclose(scores, [(first + second) / 2, 1])


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        pixel_confusion([0, 1], [[0, 1]], 2)
    with pytest.raises(ValueError, match="outside the 2 classes"):
        pixel_confusion([0, 1], [0, 2], 2)

"""The report of a detector agrees with hand counts, and with itself where there is nothing."""

import json

import numpy as np
import pytest

from dlapps.metrics.detection import (
    Found,
    Present,
    detection_report,
    iou_matrix,
    match,
    precision_recall,
)

NAMES = ("cell", "platelet")
ONE = np.array([[10, 10, 30, 30]], float)
OTHER = np.array([[50, 50, 90, 90]], float)
NOTHING = Present(np.zeros((0, 4)), np.zeros(0, int))
NOTHING_FOUND = Found(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
TRUTH = Present(np.concatenate([ONE, OTHER]), np.array([0, 1]))


def found(boxes, scores, classes):
    return Found(np.array(boxes, float), np.array(scores), np.array(classes))


def test_all_found_is_a_precision_of_one(capsys):
    perfect = found(TRUTH.boxes, [0.9, 0.8], [0, 1])
    report = detection_report([TRUTH], [perfect], NAMES, 0.5)
    for name in ("mean_average_precision", "average_precision_50", "average_precision_75"):
        assert report[name] == pytest.approx(1)
    assert (report["precision"], report["recall"], report["count_error"]) == (1, 1, 0)
    assert report["by_size"] == {
        "small": pytest.approx(1),
        "medium": pytest.approx(1),
        "large": None,
    }
    assert report["per_class"]["cell"]["num_objects"] == 1
    assert capsys.readouterr().out == "", "stdout is for results"
    json.dumps(report, allow_nan=False)


def test_average_precision_is_the_one_counted_by_hand():
    """Of two cells the second box finds one: precision 1/2 up to a recall of 1/2, then 0."""
    truth = Present(np.concatenate([ONE, OTHER]), np.array([0, 0]))
    boxes = found([[200, 200, 220, 220], *ONE], [0.9, 0.8], [0, 0])
    report = detection_report([truth], [boxes], NAMES, 0.85)
    recalls = np.linspace(0, 1, 101)
    assert report["average_precision_50"] == pytest.approx(np.mean(0.5 * (recalls <= 0.5)))
    assert report["per_class"]["platelet"]["average_precision"] is None
    # One box is as sure as 0.85, and is wrong; there are two objects.
    assert (report["precision"], report["recall"]) == (0, 0)
    assert (report["count_error"], report["count_bias"]) == (1, -1)


def test_a_box_that_is_a_little_off_counts_up_to_its_overlap():
    truth = Present(np.array([[0.0, 0, 100, 100]]), np.array([0]))
    # 80 of 100: right from .5 to .8, which is 7 of 10 overlaps.
    report = detection_report([truth], [found([[0, 0, 80, 100]], [0.9], [0])], NAMES, 0.5)
    assert report["mean_average_precision"] == pytest.approx(0.7)
    assert report["average_precision_75"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("truths", "boxes"),
    [
        ([NOTHING], [NOTHING_FOUND]),
        ([TRUTH], [NOTHING_FOUND]),
        ([NOTHING], [found(ONE, [0.9], [0])]),
        ([NOTHING, TRUTH], [NOTHING_FOUND, NOTHING_FOUND]),
    ],
)
def test_nothing_there_or_nothing_found_is_no_error(truths, boxes):
    report = detection_report(truths, boxes, NAMES, 0.5)
    assert report["mean_average_precision"] == 0
    assert report["num_images"] == len(truths)
    json.dumps(report, allow_nan=False)


def test_the_surest_box_has_the_object_and_the_class_must_be_right():
    boxes = found([*ONE, *ONE, *OTHER], [0.5, 0.9, 0.7], [0, 0, 0])
    np.testing.assert_array_equal(match(TRUTH, boxes), [-1, 0, -1])
    np.testing.assert_array_equal(match(NOTHING, boxes), [-1, -1, -1])


def test_overlaps_are_those_counted_by_hand():
    overlaps = iou_matrix([[0, 0, 4, 4]], [[2, 2, 6, 6], [0, 0, 0, 0], [0, 0, 4, 4]])
    np.testing.assert_allclose(overlaps, [[4 / 28, 0, 1]])


def random_images(seed, count=30):
    """Objects of two classes, and boxes near half of them among others."""
    random = np.random.default_rng(seed)
    truths, boxes = [], []
    for _ in range(count):
        corners = random.uniform(0, 200, (5, 2))
        there = np.concatenate([corners, corners + random.uniform(20, 60, (5, 2))], axis=1)
        truths.append(Present(there, random.integers(0, 2, 5)))
        near = there + random.normal(0, 3, there.shape)
        boxes.append(Found(near, random.random(5), random.integers(0, 2, 5)))
    return truths, boxes


def test_the_curve_agrees_with_cocos_average():
    truths, boxes = random_images(0)
    report = detection_report(truths, boxes, NAMES, 0.5)
    for label, name in enumerate(NAMES):
        curve = precision_recall(truths, boxes, label)
        # COCO's precision at a recall is the best there is from it on, at 101 recalls.
        best = np.maximum.accumulate(curve.precision[::-1])[::-1]
        places = np.searchsorted(curve.recall, np.linspace(0, 1, 101), side="left")
        average = np.mean([best[place] if place < len(best) else 0.0 for place in places])
        assert report["per_class"][name]["average_precision_50"] == pytest.approx(average)
        assert 0.1 < average < 0.9

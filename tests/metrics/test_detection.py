"""The report of a detector agrees with hand counts, and with itself where there is nothing."""

import json

import numpy as np
import pytest

from dlapps.metrics.detection import (
    Found,
    Present,
    _evaluated,
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


def crowded_images(seed, count=20):
    """Objects in a small place, so that several boxes want the same one."""
    truths, boxes = random_images(seed, count)
    twice = [Found(*(np.concatenate([part, part]) for part in each)) for each in boxes]
    random = np.random.default_rng(seed)
    return truths, [
        Found(
            each.boxes + random.normal(0, 6, each.boxes.shape),
            random.random(len(each.scores)),
            each.classes,
        )
        for each in twice
    ]


def test_the_curve_agrees_with_cocos_average():
    truths, boxes = random_images(0)
    report = detection_report(truths, boxes, NAMES, 0.5)
    for label, name in enumerate(NAMES):
        curve = precision_recall(truths, boxes, label)
        average = report["per_class"][name]["average_precision_50"]
        assert curve.average_precision == pytest.approx(average)
        assert 0.1 < average < 0.9


def test_boxes_are_matched_as_coco_matches_them():
    truths, boxes = crowded_images(1)
    evaluated = _evaluated(truths, boxes, len(NAMES), ())
    all_sizes = evaluated.params.areaRng[0]
    of_coco = [np.full(len(each.scores), -1) for each in boxes]
    for each in evaluated.evalImgs:
        if each and each["aRng"] == all_sizes:
            image, label = each["image_id"], each["category_id"]
            own = np.flatnonzero(boxes[image].classes == label)
            own = own[np.argsort(-boxes[image].scores[own])]
            # The first overlap is a half; objects are numbered from 1 through all images.
            numbers = each["dtMatches"][0] - 1 - sum(len(t.classes) for t in truths[:image])
            of_coco[image][own] = np.where(each["dtMatches"][0] > 0, numbers, -1)
    for truth, of_image, expected in zip(truths, boxes, of_coco, strict=True):
        np.testing.assert_array_equal(match(truth, of_image), expected)
    is_right = np.concatenate(of_coco) >= 0
    report = detection_report(truths, boxes, NAMES, 0.0)
    assert report["precision"] == pytest.approx(is_right.mean())
    assert report["recall"] == pytest.approx(is_right.sum() / report["num_objects"])
    assert 0.1 < is_right.mean() < 0.9


def test_counts_are_compared_image_by_image():
    """One too many and one too few is no bias, and still an error."""
    far = [[100.0, 100, 120, 120]]
    truths = [TRUTH, Present(ONE, np.array([0]))]
    boxes = [found(ONE, [0.9], [0]), found([*ONE, *far, *far], [0.9, 0.8, 0.1], [0, 0, 0])]
    report = detection_report(truths, boxes, NAMES, 0.5)
    assert (report["count_error"], report["count_bias"]) == (1, 0)
    assert report["per_class"]["cell"]["count_error"] == 0.5
    assert report["per_class"]["platelet"]["count_error"] == 0.5
    assert report["precision"] == pytest.approx(2 / 3)
    assert report["recall"] == pytest.approx(2 / 3)


def test_what_lies_in_a_crowd_is_forgiven():
    truth = Present(np.array([[0.0, 0, 40, 40]]), np.array([0]))
    crowd = Present(np.array([[60.0, 0, 200, 100]]), np.array([0]))
    # Surer than the one that is right are two in the crowd, of which the last is of another class.
    boxes = found(
        [[0, 0, 40, 40], [70, 10, 90, 30], [150, 50, 170, 80]], [0.6, 0.9, 0.8], [0, 0, 1]
    )
    strict = detection_report([truth], [boxes], NAMES, 0.5)
    assert strict["average_precision_50"] == pytest.approx(0.5)
    assert strict["precision"] == pytest.approx(1 / 3)
    report = detection_report([truth], [boxes], NAMES, 0.5, [crowd])
    assert report["average_precision_50"] == pytest.approx(1)
    assert report["precision"] == 0.5
    assert (report["num_objects"], report["recall"], report["count_bias"]) == (1, 1, 1)
    # Half of a box has to lie in it.
    beside = found([[0, 0, 40, 40], [40, 10, 79, 30]], [0.6, 0.9], [0, 0])
    assert detection_report([truth], [beside], NAMES, 0.5, [crowd])["precision"] == 0.5

"""Box accuracy and the precision of pixels, against plain loops and cases done by hand."""

import numpy as np
import pytest

from dlapps.metrics.detection import Present
from dlapps.metrics.weak_localization import (
    OVERLAPS,
    THRESHOLDS,
    Overlaps,
    best_overlaps,
    box_report,
    parts_of,
    pixel_curve,
    presence_report,
)

NAMES = ("circle", "square")


def plain_boxes(is_inside):
    """Boxes of what is connected, by flooding from each place."""
    left, boxes = {*zip(*np.nonzero(is_inside))}, []
    while left:
        waiting, part = [left.pop()], []
        while waiting:
            row, column = waiting.pop()
            part.append((row, column))
            around = [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            waiting += [place for place in around if place in left]
            left -= set(around)
        rows, columns = zip(*part)
        boxes.append((min(columns), min(rows), max(columns) + 1, max(rows) + 1))
    return sorted(boxes)


def plain_overlap(one, other):
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / (sum(areas) - common)


@pytest.fixture(scope="module")
def random_case():
    random = np.random.default_rng(3)
    coarse = random.random((5, 4, 5, 2)).repeat(3, axis=1).repeat(3, axis=2)
    maps = (coarse - coarse.min((1, 2), keepdims=True)) / np.ptp(coarse, (1, 2), keepdims=True)
    corners = random.integers(0, 6, (5, 3, 2))
    boxes = np.concatenate([corners, corners + random.integers(3, 7, (5, 3, 2))], axis=-1)
    labels = [[0], [1, 1], [0, 1, 1], [], [1, 0, 0]]
    return maps, [
        Present(boxes[row, : len(each)].astype(float), np.array(each, int))
        for row, each in enumerate(labels)
    ]


def test_boxes_are_those_of_parts_that_touch():
    random = np.random.default_rng(0)
    for _ in range(5):
        values = random.random((9, 12))
        boxes, peaks = parts_of(values, 0.7)
        assert sorted(map(tuple, boxes.tolist())) == plain_boxes(values >= 0.7)
        assert peaks.max() == values.max()
    assert parts_of(np.zeros((3, 3)), 0.5)[0].shape == (0, 4)


def test_box_accuracy_is_that_of_a_plain_loop(random_case):
    maps, truths = random_case
    overlaps = best_overlaps(np.moveaxis(maps, -1, 1), truths)
    rows = []
    for number, truth in enumerate(truths):
        for label in sorted({*truth.classes.tolist()}):
            rows.append(
                [
                    max(
                        (
                            plain_overlap(found, there)
                            for found in plain_boxes(maps[number, ..., label] >= threshold)
                            for there in truth.boxes[truth.classes == label]
                        ),
                        default=0.0,
                    )
                    for threshold in THRESHOLDS
                ]
            )
    np.testing.assert_allclose(overlaps.values, rows)
    wanted = [
        [np.mean([row[t] >= least for row in rows]) for least in OVERLAPS] for t in range(101)
    ]
    np.testing.assert_allclose(overlaps.accuracy(), wanted)
    report = box_report(overlaps, np.array([10, 50, 50]), NAMES)
    picked = [wanted[10][0], wanted[50][1], wanted[50][2]]
    assert report["max_box_accuracy_v2"] == pytest.approx(np.mean(picked))
    assert report["max_box_accuracy_v2_at_own_best"] == pytest.approx(np.max(wanted, 0).mean())
    assert report["thresholds"] == {"0.3": 0.1, "0.5": 0.5, "0.7": 0.5}


def test_a_perfect_map_is_perfect_and_thresholds_are_in_the_middle():
    maps = np.zeros((1, 20, 20, 2))
    maps[0, 4:10, 6:16, 1] = 1.0
    maps[0, 12:15, 2:5, 1] = 0.4
    truths = [Present(np.array([[6.0, 4, 16, 10], [2, 12, 5, 15]]), np.array([1, 1]))]
    overlaps = best_overlaps(np.moveaxis(maps, -1, 1), truths)
    assert (overlaps.accuracy()[1:] == 1).all()
    assert abs(overlaps.best_thresholds() - 50).max() <= 1
    report = box_report(overlaps, overlaps.best_thresholds(), NAMES)
    assert report["max_box_accuracy_v2"] == report["box_accuracy_70"] == 1
    assert report["per_class"] == {
        "circle": {"box_accuracy_50": None},
        "square": {"box_accuracy_50": 1.0},
    }


def test_a_threshold_is_one_of_the_best_where_these_are_apart():
    """Of 4 objects two are met by maps cut at .05 to .1, the others by those cut at .6 to .65."""
    values = np.zeros((4, len(THRESHOLDS)))
    values[:2, 5:11] = values[2:, 60:67] = 0.6
    overlaps = Overlaps(values, np.arange(4), np.zeros(4, int))
    assert overlaps.accuracy()[overlaps.best_thresholds()[1], 1] == 0.5
    assert overlaps.best_thresholds()[:2].tolist() == [63, 63]


def test_pixel_average_precision_is_that_of_a_plain_loop(random_case):
    maps, _ = random_case
    masks = np.random.default_rng(1).integers(0, 3, maps.shape[:3])
    curve = pixel_curve(np.moveaxis(maps, -1, 1), masks)
    pairs = [(maps[n, ..., c - 1], masks[n] == c) for n in range(5) for c in (1, 2)]
    area, recall_before = 0.0, 0.0
    for threshold in THRESHOLDS[::-1]:
        right = sum(int((there & (values >= threshold)).sum()) for values, there in pairs)
        found = sum(int((values >= threshold).sum()) for values, _ in pairs)
        recall = right / sum(int(there.sum()) for _, there in pairs)
        area += (right / found if found else 1.0) * (recall - recall_before)
        recall_before = recall
    assert curve.average_precision == pytest.approx(area)
    assert curve.recall[0] == 1


def test_pixels_that_are_told_apart_have_a_precision_of_one():
    mask = np.zeros((1, 8, 8), int)
    mask[0, 2:5, 2:5] = 1
    maps = np.where(mask == 1, 0.9, 0.2)[..., None]
    assert pixel_curve(np.moveaxis(maps, -1, 1), mask).average_precision == pytest.approx(1)


def test_presence_is_measured_class_by_class():
    presence = np.array([[1, 0], [0, 0], [1, 0]])
    probabilities = np.array([[0.9, 0.1], [0.6, 0.2], [0.7, 0.3]])
    report = presence_report(presence, probabilities, NAMES)
    assert report["mean_average_precision"] == 1
    assert report["accuracy"] == pytest.approx(5 / 6)
    assert report["exact_matches"] == pytest.approx(2 / 3)
    assert report["per_class"]["square"] == {"num_images": 0, "average_precision": None}

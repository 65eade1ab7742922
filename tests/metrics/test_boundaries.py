"""Boundaries agree as far as they lie within the tolerance of one another."""

import numpy as np
import pytest

from dlapps.metrics.boundaries import boundary_f1, boundary_report


def halves(column: int, height: int = 30, width: int = 40) -> np.ndarray:
    """Class 0 to the left of a column and class 1 from it on; the diagonal is 50."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, column:] = 1
    return mask


@pytest.mark.parametrize(("moved", "expected"), [(0, 1), (2, 1), (3, 0)])
def test_a_boundary_may_lie_within_the_tolerance(moved, expected):
    scores = boundary_f1([halves(20)], [halves(20 + moved)], 3, tolerance=2.5 / 50)
    np.testing.assert_array_equal(scores, [[expected, expected, np.nan]])


def test_it_is_the_f1_of_how_much_of_either_boundary_the_other_follows():
    """The prediction ends half-way down and goes on to the left, where nothing is."""
    truth, predicted = halves(20), halves(20)
    predicted[15:] = 0
    score = boundary_f1([truth], [predicted], 2, tolerance=0.5 / 50)[0, 1]
    # Of class 1: rows 0 to 14 of column 20, and row 14 of the other 19 columns, are its edges.
    precision, recall = 15 / (15 + 19), 15 / 30
    assert score == pytest.approx(2 * precision * recall / (precision + recall))


def test_void_pixels_are_left_out_and_make_no_boundary():
    truth, predicted = halves(20), halves(20)
    truth[:10] = 255
    predicted[:10] = 1
    np.testing.assert_array_equal(boundary_f1([truth], [predicted], 2), [[1, 1]])
    truth[:, 15:25] = 255
    np.testing.assert_array_equal(boundary_f1([truth], [predicted], 2), [[np.nan, np.nan]])


def test_a_class_that_only_one_of_the_masks_has_scores_nothing():
    thing = np.zeros((8, 8), np.uint8)
    thing[2:4, 2:4] = 2
    scores = boundary_f1([thing], [np.zeros_like(thing)], 3)
    np.testing.assert_array_equal(scores, [[0, np.nan, 0]])


def test_the_report_takes_the_mean_of_where_there_are_boundaries():
    scores = np.array([[1.0, 0.5, np.nan], [np.nan, np.nan, np.nan], [0.25, np.nan, np.nan]])
    assert boundary_report(scores, "abc") == {
        "boundary_f1": (0.75 + 0.25) / 2,
        "per_class": {"a": 0.625, "b": 0.5, "c": 0.0},
    }
    assert boundary_report(np.full((2, 1), np.nan), "a")["boundary_f1"] == 0.0

"""The plane takes the colour of the class predicted there, paler where the model is unsure."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dlapps.applications.classification.pictures import (
    decision_regions,
    plane_around,
    region_colours,
    regions_over_time,
)
from dlapps.explain.figures.palette import class_colours

POINTS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
LABELS = np.array([0, 0, 1, 1])


def right_of_zero(points: np.ndarray) -> np.ndarray:
    probability = 1 / (1 + np.exp(-9 * points[:, 0]))
    return np.stack([1 - probability, probability], axis=1)


def test_the_background_changes_colour_where_the_prediction_does():
    axes = decision_regions(right_of_zero, POINTS, LABELS, ["left", "right"]).axes[0]
    picture = axes.images[0].get_array()
    left, right = picture[5, 5], picture[5, -5]
    colours = [np.array(to_rgb(colour)) for colour in class_colours(2)]
    assert np.linalg.norm(left - colours[0]) < np.linalg.norm(left - colours[1])
    assert np.linalg.norm(right - colours[1]) < np.linalg.norm(right - colours[0])


def test_the_vertical_axis_is_not_upside_down():
    axes = decision_regions(lambda p: right_of_zero(p[:, ::-1]), POINTS, LABELS, ["a", "b"]).axes[0]
    picture = axes.images[0].get_array()
    assert axes.images[0].origin == "lower"
    np.testing.assert_allclose(
        picture[0, 0], region_colours(right_of_zero(np.array([[-1.1, 0]])))[0], atol=0.01
    )


def test_uncertain_predictions_are_paler():
    sure, unsure = region_colours(np.array([[0.99, 0.01], [0.55, 0.45]]))
    assert unsure.mean() > sure.mean()


def test_each_class_has_its_points_and_its_name():
    axes = decision_regions(right_of_zero, POINTS, LABELS, ["left", "right"]).axes[0]
    left, right = axes.collections
    np.testing.assert_array_equal(left.get_offsets(), POINTS[:2])
    np.testing.assert_array_equal(right.get_offsets(), POINTS[2:])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["left", "right"]


def test_an_answer_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="for 3 class names"):
        decision_regions(right_of_zero, POINTS, LABELS, ["a", "b", "c"])


def test_the_plane_holds_all_points_with_a_margin():
    plane = plane_around(np.array([[0.0, 10.0], [4.0, 11.0]]), side=3)
    low_x, high_x, low_y, high_y = plane.extent
    assert low_x < 0
    assert high_x > 4
    assert high_y - low_y == pytest.approx(high_x - low_x)
    np.testing.assert_allclose(plane.grid[0], [low_x, low_y], rtol=1e-6)
    np.testing.assert_allclose(plane.grid[1, 1], low_y, rtol=1e-6)


def test_colours_of_many_classes_are_distinct():
    assert len(set(class_colours(20))) == 20


def test_regions_are_looked_at_again_at_every_step_and_each_is_a_frame():
    border = [0.0]

    def right_of_border(points: np.ndarray) -> np.ndarray:
        return right_of_zero(points - border[0])

    view = regions_over_time(right_of_border, POINTS, LABELS, ["left", "right"])
    seen = [view.look()]
    border[0] = 5.0
    seen.append(view.look())
    first, second = view.draw([0, 70], seen).axes
    assert second.get_title() == "Step 70"
    assert not np.array_equal(first.images[0].get_array(), second.images[0].get_array())
    frame = view.frame(70, seen[1]).axes[0]
    assert frame.get_title().startswith("Step 70")
    np.testing.assert_array_equal(frame.images[0].get_array(), second.images[0].get_array())

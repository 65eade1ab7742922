"""Learning curves of several seeds are a mean and a band, one colour a config."""

import numpy as np
import pytest

from dlapps.explain.figures.learning_curves import Course, learning_curves_figure

ACCURACY = "Accuracy in validation on spirals"


def test_mean_and_range_are_over_the_seeds_at_the_steps_that_all_have():
    course = Course("a", ACCURACY, [{100: 0.2, 200: 0.6}, {100: 0.4, 200: 0.8, 300: 1.0}])
    steps, (low, mean, high) = course.summary()
    np.testing.assert_array_equal(steps, [100, 200])
    np.testing.assert_allclose(low, [0.2, 0.6])
    np.testing.assert_allclose(mean, [0.3, 0.7])
    np.testing.assert_allclose(high, [0.4, 0.8])


def test_measures_have_their_own_panels_and_all_configs_one_legend():
    run = {1: 0.1, 2: 0.2}
    courses = [
        Course("a", ACCURACY, [run, run]),
        Course("b", ACCURACY, [run]),
        Course("c", "Loss", [run] * 3, unit="fold"),
    ]
    figure = learning_curves_figure(courses)
    first, second = figure.axes
    assert [axes.get_ylabel() for axes in figure.axes] == [ACCURACY, "Loss"]
    assert len(first.get_lines()) == 2
    assert len(second.get_lines()) == 1
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "a, 2 seeds", "b, 1 seed", "c, 3 folds",
    ]  # fmt: skip
    assert len({line.get_color() for axes in figure.axes for line in axes.get_lines()}) == 3


@pytest.mark.parametrize(("seeds", "is_told"), [(1, False), (2, True)])
def test_a_band_is_explained_where_there_is_one(seeds, is_told):
    figure = learning_curves_figure([Course("a", ACCURACY, [{1: 0.5, 2: 0.6}] * seeds)])
    assert ("band" in figure.get_suptitle()) is is_told

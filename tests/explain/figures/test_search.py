"""The pictures of a search show every trial, and which was best."""

import math

import numpy as np
import pytest

from dlapps.explain.figures.png import png_bytes
from dlapps.explain.figures.search import (
    BEST_COLOUR,
    Setting,
    Trial,
    best_of,
    parallel_coordinates_figure,
    search_history_figure,
)

RATE = Setting("training.learning_rate", (), 1e-4, 1.0, True)
ACTIVATION = Setting("model.activation", ("relu", "tanh", "gelu"), 0.0, 0.0, False)


def trial(number: int, state: str, value: float | None, rate=0.01, activation="tanh") -> Trial:
    settings = {"training.learning_rate": rate, "model.activation": activation}
    return Trial(number, settings, state, value)


TRIALS = [
    trial(1, "completed", 0.5, rate=1.0, activation="relu"),
    trial(2, "failed", None),
    trial(3, "completed", 0.2),
    trial(4, "pruned", 0.1, rate=1e-4, activation="gelu"),
    trial(5, "completed", 0.3),
    trial(6, "pruned", math.nan),
]


def test_the_best_is_completed_and_in_the_direction_asked_for():
    assert best_of(TRIALS, smaller_is_better=True).number == 3
    assert best_of(TRIALS, smaller_is_better=False).number == 1
    assert best_of([TRIALS[1], TRIALS[3]], smaller_is_better=True) is None


@pytest.mark.parametrize(
    ("smaller_is_better", "best"), [(True, [0.5, 0.2, 0.2, 0.2]), (False, [0.5, 0.5, 0.5, 0.5])]
)
def test_the_history_shows_each_trial_and_the_best_so_far(smaller_is_better, best):
    axes = search_history_figure(TRIALS, "validation_loss", smaller_is_better).axes[0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_array_equal(lines["completed"].get_xydata(), [[1, 0.5], [3, 0.2], [5, 0.3]])
    np.testing.assert_array_equal(
        lines["pruned, at its last validation"].get_xydata(), [[4, 0.1]], "NaN is nowhere"
    )
    assert list(lines["failed"].get_xdata()) == [2]
    assert list(lines["best so far"].get_xdata()) == [1, 3, 5, 6]
    assert list(lines["best so far"].get_ydata()) == best
    assert axes.get_ylabel() == "Validation loss"


def test_each_trial_is_a_line_through_its_settings_to_its_value():
    figure = parallel_coordinates_figure(TRIALS, [RATE, ACTIVATION], "validation_loss", True)
    host = figure.axes[0]
    lines = {tuple(np.round(line.get_ydata(), 3)): line for line in host.get_lines()}
    assert (1.0, 0.0, 1.0) in lines, "the largest rate, the first choice, the worst value"
    assert (0.5, 0.5, 0.333) in lines
    assert (0.0, 1.0) in lines, "a pruned one has no value to be compared by"
    assert lines[0.5, 0.5, 0.0].get_color() == BEST_COLOUR
    assert len(host.get_lines()) == 3 + 2 + 1, "completed, pruned, and the best once more in front"
    names = [axes.texts[0].get_text().replace("\n", "") for axes in figure.axes[1:]]
    assert names == ["training.learning_rate", "model.activation", "Validation loss"]
    assert [axes.get_yscale() for axes in figure.axes[1:]] == ["log", "linear", "linear"]
    ticks = [text.get_text() for text in figure.axes[2].get_yticklabels()]
    assert ticks == ["relu", "tanh", "gelu"]


@pytest.mark.parametrize("values", [[0.5], [0.0, 0.0], [-1.0, -1.0, 3.0], [1e-6, 1.0, 1e5]])
def test_any_values_can_be_drawn(values):
    trials = [trial(number, "completed", value) for number, value in enumerate(values, 1)]
    for figure in (
        search_history_figure(trials, "validation_loss", True),
        parallel_coordinates_figure(trials, [RATE, ACTIVATION], "validation_loss", True),
    ):
        assert png_bytes(figure).startswith(b"\x89PNG")


def test_without_a_completed_trial_both_say_so():
    for figure in (
        search_history_figure(TRIALS[1:2], "validation_loss", True),
        parallel_coordinates_figure(TRIALS[1:2], [RATE], "validation_loss", True),
    ):
        assert figure.texts[0].get_text() == "No trial was completed."

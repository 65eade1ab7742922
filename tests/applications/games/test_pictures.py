"""An episode drawn: a line for each action, a mark for each choice, frames where there are some."""

import numpy as np

from dlapps.applications.games.pictures import (
    distribution_figure,
    episode_figure,
    relevance_in_frames,
    relevance_over_the_steps,
)
from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.png import png_bytes
from dlapps.explain.methods.catalogue import METHODS

Q_VALUES = np.array([[1.0, 2.0], [3.0, 1.0], [0.0, 5.0]])
FRAMES = [np.full((20, 30, 3), shade, np.uint8) for shade in range(0, 240, 10)]


def test_values_and_choices_are_drawn():
    figure = episode_figure(Q_VALUES, np.array([1, 0, 1]), ["left", "right"])
    lines, strip = figure.axes
    drawn = {line.get_label(): line.get_ydata().tolist() for line in lines.get_lines()}
    assert drawn == {"left": [1, 3, 0], "right": [2, 1, 5]}
    chosen = [events.get_positions() for events in strip.collections]
    assert [list(positions) for positions in chosen] == [[1], [0, 2]]
    assert png_bytes(figure)


def test_six_frames_from_first_to_last_are_shown():
    figure = episode_figure(Q_VALUES, np.array([1, 0, 1]), ["left", "right"], FRAMES)
    pictures = [axes.get_images()[0].get_array() for axes in figure.axes if axes.get_images()]
    assert len(pictures) == 6
    assert (pictures[0] == FRAMES[0]).all()
    assert (pictures[-1] == FRAMES[-1]).all()


def test_numbers_that_are_all_equal_can_be_drawn():
    figure = distribution_figure(np.full(10, 500.0), "Return")
    assert "500" in figure.axes[0].get_legend().get_texts()[0].get_text()
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 10


def test_of_many_numbers_those_that_say_most_are_drawn():
    relevance = np.zeros((3, 20))
    relevance[:, [2, 7, 19]] = [[1, -2, 3], [2, -3, 4], [3, -4, 5]]
    names = [f"x {index}" for index in range(20)]
    figure = relevance_over_the_steps(
        "why",
        Relevance(relevance, METHODS["gradient_times_input"]),
        names,
        np.array([1, 0, 1]),
        ["left", "right"],
        FRAMES,
    )
    lines, _ = figure.axes[-2:]
    drawn = {line.get_label(): list(line.get_ydata()) for line in lines.get_lines()}
    assert [drawn["x 2"], drawn["x 7"], drawn["x 19"]] == relevance[:, [2, 7, 19]].T.tolist()
    assert lines.get_legend().get_title().get_text() == "Observed, 8 of 20"
    assert png_bytes(figure)


def test_frames_lie_below_their_relevance():
    observations = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 4), dtype=np.uint8)
    relevance = np.eye(2)[:, None, :]
    found = Relevance(relevance, METHODS["grad_cam"])
    figure = relevance_in_frames("why", observations, found, ["one", "two"])
    for number in range(2):
        below, above = figure.axes[2 + number].get_images()
        np.testing.assert_array_equal(below.get_array(), observations[number, ..., -1])
        np.testing.assert_array_equal(above.get_array(), relevance[number])
        assert above.get_extent() == [-0.5, 7.5, 5.5, -0.5]

"""Images stand above what was drawn of them, the right answers apart from the wrong ones."""

import numpy as np
import pytest

from dlapps.explain.figures.image_grid import GAP
from dlapps.explain.figures.redrawn import perturbed_figure, redrawn_figure

SIDE = 8


def flat(*shades: float) -> np.ndarray:
    """An image of each shade."""
    return np.array(shades).reshape(-1, 1, 1, 1) * np.ones((SIDE, SIDE, 1))


def shades_of(axes, rows: int, columns: int) -> np.ndarray:
    """The shade of each image that is drawn."""
    step = SIDE + GAP
    grid = np.asarray(axes.images[0].get_array()) / 255
    assert grid.shape == (rows * step - GAP, columns * step - GAP)
    return grid[::step, ::step]


def test_a_mistake_is_drawn_as_its_answer_and_as_its_label():
    figure = redrawn_figure(
        flat(0.1, 0.2, 0.3), flat(0.4, 0.5, 0.6), flat(0.7, 0.8, 0.9),
        answers=["cat", "dog", "cat"], labels=["cat", "cat", "cat"],
    )  # fmt: skip
    right, wrong = figure.axes
    np.testing.assert_allclose(shades_of(right, 2, 2), [[0.1, 0.3], [0.4, 0.6]], atol=3e-3)
    np.testing.assert_allclose(shades_of(wrong, 3, 1), [[0.2], [0.5], [0.8]], atol=3e-3)
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["cat", "cat"]
    assert [tick.get_text() for tick in wrong.get_xticklabels()] == ["cat → dog"]
    rows = [tick.get_text() for tick in wrong.get_yticklabels()]
    assert rows == ["image", "as answered", "as labelled"]


@pytest.mark.parametrize(("answers", "title"), [(["a"], "Right answers"), (["b"], "The surest")])
def test_without_the_one_kind_only_the_other_is_drawn(answers, title):
    figure = redrawn_figure(flat(0.1), flat(0.2), flat(0.3), answers, labels=["a"])
    (axes,) = figure.axes
    assert axes.get_title().startswith(title)


def test_long_names_are_cut_to_the_width_of_an_image():
    images = flat(*[0.5] * 10)
    figure = redrawn_figure(images, images, images, ["chihuahua"] * 10, ["chinchilla"] * 10)
    (caption, *_) = figure.axes[0].get_xticklabels()
    assert caption.get_text() == "chinc… →\nchihu…"


def test_a_row_is_a_number_and_a_column_a_shift():
    moved = flat(0.1, 0.2, 0.3, 0.4, 0.5, 0.6).reshape(2, 3, SIDE, SIDE, 1)
    figure = perturbed_figure(
        "a cat", flat(0.8)[0], flat(0.9)[0], moved, np.array([-0.25, 0.0, 0.25])
    )
    left, right = figure.axes
    np.testing.assert_allclose(shades_of(left, 2, 1), [[0.8], [0.9]], atol=3e-3)
    np.testing.assert_allclose(
        shades_of(right, 2, 3), [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], atol=3e-3
    )
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["-0.25", "+0.00", "+0.25"]
    assert [tick.get_text() for tick in right.get_yticklabels()] == ["number 1", "number 2"]

"""Images lie in a grid as drawn: row by row, between white, each pixel a square."""

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.figures.image_grid import GAP, grid_figure, image_grid, table_of_images


def test_images_lie_row_by_row_with_white_between_them():
    shades = np.linspace(0, 0.8, 5).reshape(5, 1, 1, 1) * np.ones((5, 3, 4, 1))
    grid = image_grid(shades, columns=2)
    assert grid.shape == (3 * 3 + 2 * GAP, 2 * 4 + GAP, 1)
    assert np.all(grid[:3, :4] == 0)
    assert np.all(grid[:3, 4 + GAP :] == 51)
    assert np.all(grid[-3:, :4] == 204)
    assert np.all(grid[3 : 3 + GAP] == 255)
    assert np.all(grid[-3:, 4:] == 255)


def test_bytes_stay_as_they_are_and_a_grid_is_about_square():
    images = np.random.default_rng(0).integers(0, 256, (9, 2, 2, 3), dtype=np.uint8)
    grid = image_grid(images)
    assert grid.shape == (3 * 2 + 2 * GAP, 3 * 2 + 2 * GAP, 3)
    np.testing.assert_array_equal(grid[:2, :2], images[0])


def test_a_grid_is_enlarged_without_smoothing():
    figure = grid_figure(np.zeros((4, 8, 8, 1)), "digits")
    assert figure.axes[0].images[0].get_interpolation() == "nearest"


def test_a_table_says_what_each_row_and_column_is():
    shades = np.array([[0.0, 0.2, 0.4], [0.6, 0.8, 1.0]])
    axes = Figure().subplots()
    table_of_images(
        axes, shades[..., None, None, None] * np.ones((4, 6, 1)), ["up", "down"], ["a", "b", "c"]
    )
    grid = axes.images[0].get_array()
    for names, ticks, place in (
        (("up", "down"), axes.get_yticklabels(), lambda tick: (tick.get_position()[1], 2)),
        (("a", "b", "c"), axes.get_xticklabels(), lambda tick: (1, tick.get_position()[0])),
    ):
        assert [tick.get_text() for tick in ticks] == list(names)
        found = [grid[tuple(int(part) for part in place(tick))] for tick in ticks]
        expected = shades[:, 0] if names[0] == "up" else shades[0]
        np.testing.assert_allclose(found, 255 * expected, atol=1)

"""Brush strokes are the same each time, colourful, and smooth along their flow."""

import numpy as np

from dlapps.datasets.brush_strokes import brush_strokes


def test_they_are_a_function_of_size_and_seed():
    first, again, other = brush_strokes(48), brush_strokes(48), brush_strokes(48, seed=1)
    assert first.shape == (48, 48, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_neighbours_differ_less_one_way_than_pixels_far_apart():
    picture = brush_strokes(96).astype(float)
    beside = np.abs(np.diff(picture, axis=0)).mean() + np.abs(np.diff(picture, axis=1)).mean()
    far = np.abs(picture[:48] - picture[48:]).mean()
    assert picture.std() > 20
    assert beside / 2 < 0.8 * far

"""Deltas are the slopes of features over time."""

import numpy as np

from dlapps.layers.deltas import Deltas


def test_the_slope_of_a_line_and_the_slope_of_its_slope():
    time = np.arange(20, dtype=np.float32)
    features = np.stack([3 * time, 0.5 * time**2], axis=1)[None]
    found = np.array(Deltas(order=2)(features))[0, 4:-4]
    here = time[4:-4]
    ones = np.ones_like(here)
    expected = np.stack([3 * here, 0.5 * here**2, 3 * ones, here, 0 * ones, ones], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_ends_are_repeated():
    """HTK: the slope over 5 frames of which the missing are the first one."""
    found = np.array(Deltas()(np.array([[[1.0], [2.0], [4.0], [8.0]]], np.float32)))
    assert found[0, 0, 1] == (1 * (2 - 1) + 2 * (4 - 1)) / 10
    assert Deltas().compute_output_shape((None, 4, 7)) == (None, 4, 14)

"""Loudness is relative to the loudest of the same example and never below the range."""

import numpy as np

from dlapps.layers.relative_decibels import RelativeDecibels


def test_decibels_below_the_loudest_on_a_scale_from_0_to_1():
    power = np.array([[[1.0, 0.1], [1e-4, 1e-9]]], np.float32)
    heard = RelativeDecibels(dynamic_range=80.0)(power)
    np.testing.assert_allclose(heard, [[[1, 1 - 10 / 80], [1 - 40 / 80, 0]]], atol=1e-6)


def test_neither_loudness_nor_neighbours_matter():
    quiet = np.random.default_rng(0).uniform(1e-4, 1e-2, (1, 5, 3)).astype(np.float32)
    layer = RelativeDecibels()
    alone = layer(quiet)
    np.testing.assert_allclose(layer(1000 * quiet), alone, atol=1e-5)
    np.testing.assert_allclose(layer(np.concatenate([quiet, 1e6 * quiet]))[:1], alone, atol=1e-6)


def test_silence_is_finite():
    assert np.isfinite(RelativeDecibels()(np.zeros((2, 3, 4), np.float32))).all()

"""Positions are told apart, and go on from what was before."""

import numpy as np
import pytest

from dlapps.layers.positions import LearnedPositions, SinusoidalPositions

NOTHING = np.zeros((2, 9, 6), np.float32)


@pytest.mark.parametrize("layer", [SinusoidalPositions(), LearnedPositions(9)])
def test_a_part_has_the_positions_of_the_whole(layer):
    whole = np.asarray(layer(NOTHING))
    assert len(np.unique(whole[0].round(4), axis=0)) == 9
    np.testing.assert_allclose(layer(NOTHING[:, :4], NOTHING[:, :5, :1]), whole[:, 5:], atol=1e-6)


def test_sines_by_hand():
    angles = np.arange(9)[:, None] / 10000 ** (np.arange(3) / 3)
    expected = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    np.testing.assert_allclose(SinusoidalPositions()(NOTHING)[1], expected, atol=1e-6)


def test_what_is_longer_than_was_learned_shares_the_last_position():
    positions = np.asarray(LearnedPositions(4)(NOTHING))[0]
    np.testing.assert_array_equal(positions[3:], np.tile(positions[3], (6, 1)))
    assert (positions[2] != positions[3]).any()

"""Formants move by the factor of a vocal tract, and nothing moves outside training."""

import keras
import numpy as np
import pytest

from dlapps.layers.vocal_tract_length import VocalTractLengthPerturbation

BANDS, RATE = 120, 16000


def frequencies() -> np.ndarray:
    mels = np.linspace(*(2595 * np.log10(1 + np.array([60, RATE / 2]) / 700)), BANDS + 2)[1:-1]
    return 700 * (10 ** (mels / 2595) - 1)


def formant(hertz: float) -> np.ndarray:
    peak = np.exp(-(((frequencies() - hertz) / (0.05 * hertz)) ** 2))
    return np.tile(peak, (1, 5, 1)).astype(np.float32)


@pytest.mark.parametrize("factor", [0.9, 0.95, 1.1])
@pytest.mark.parametrize("hertz", [500.0, 1500.0, 3000.0])
def test_a_formant_moves_by_the_factor(factor, hertz):
    layer = VocalTractLengthPerturbation(0.1, 60, RATE)
    found = np.array(layer.warped(formant(hertz), np.array([[factor]], np.float32)))[0, 2]
    middle = np.sum(found * frequencies()) / np.sum(found)
    assert middle == pytest.approx(hertz / factor, rel=0.02)


def test_the_highest_frequencies_stay():
    layer = VocalTractLengthPerturbation(0.1, 60, RATE)
    ramp = frequencies()[None, None].astype(np.float32)
    for factor in (0.9, 1.1):
        found = np.array(layer.warped(ramp, np.array([[factor]], np.float32)))[0, 0]
        assert found[-1] == pytest.approx(ramp[0, 0, -1], rel=0.02)
        assert np.all(np.diff(found) > 0)


def test_only_training_moves_and_each_example_its_own_way():
    x = np.concatenate([formant(1000.0)] * 4)
    layer = VocalTractLengthPerturbation(0.1, 60, RATE)
    np.testing.assert_array_equal(layer(x), x)
    nothing = VocalTractLengthPerturbation(0.0, 60, RATE)
    np.testing.assert_array_equal(nothing(x, training=True), x)
    keras.utils.set_random_seed(0)
    moved = np.array(VocalTractLengthPerturbation(0.1, 60, RATE)(x, training=True))
    keras.utils.set_random_seed(0)
    again = np.array(VocalTractLengthPerturbation(0.1, 60, RATE)(x, training=True))
    np.testing.assert_array_equal(moved, again)
    places = frequencies()[moved[:, 2].argmax(axis=1)]
    assert len(set(places)) == 4
    assert np.all(np.abs(places / 1000 - 1) < 0.13)

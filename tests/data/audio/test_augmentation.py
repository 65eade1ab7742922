"""Recordings are moved in time and played faster or slower, by their draws alone."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.data.audio.augmentation import WaveformAugmentation, augment_waveforms

RATE = 1000


def beep(frequency: float, num_samples: int = 500) -> np.ndarray:
    time = (np.arange(num_samples) - (num_samples - 1) / 2) / RATE
    return (np.cos(2 * np.pi * frequency * time) * np.exp(-((time / 0.05) ** 2))).astype(np.float32)


def augmented(draws: list, **settings: float) -> np.ndarray:
    waveforms = tf.constant(np.stack([beep(20)] * len(draws)))
    settings = WaveformAugmentation(**settings)
    return augment_waveforms(waveforms, tf.constant(draws), settings, RATE).numpy()


def test_nothing_asked_changes_nothing():
    np.testing.assert_array_equal(augmented([[0.1, 0.9]]), beep(20)[None])


def test_the_middle_draw_leaves_a_recording_as_it_is():
    np.testing.assert_allclose(
        augmented([[0.5, 0.5]], shift=0.1, speed=0.2), beep(20)[None], atol=1e-4
    )


@pytest.mark.parametrize(("draw", "moved"), [(0.0, 100), (1.0, -100)])
def test_a_shift_moves_by_seconds_and_brings_silence(draw, moved):
    (heard,) = augmented([[draw, 0.5]], shift=0.1)
    np.testing.assert_allclose(np.roll(beep(20), moved), heard, atol=1e-3)
    end = heard[:50] if moved > 0 else heard[-50:]
    np.testing.assert_array_equal(end, 0)


def test_faster_is_shorter_and_higher():
    slow, fast = augmented([[0.5, 0.0], [0.5, 1.0]], speed=0.2)
    time = (np.arange(500) - 249.5) / RATE
    for heard, factor in ((slow, 0.8), (fast, 1.2)):
        expected = np.cos(2 * np.pi * 20 * factor * time) * np.exp(-((factor * time / 0.05) ** 2))
        np.testing.assert_allclose(heard, expected, atol=5e-3)

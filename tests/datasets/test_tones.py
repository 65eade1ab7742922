"""Generated keys hold the two tones of the telephone standard and are the same each time."""

from collections import Counter

import numpy as np

from dlapps.datasets.tones import (
    COLUMN_FREQUENCIES,
    KEYS,
    ROW_FREQUENCIES,
    SAMPLE_RATE,
    make_tone_strings,
    make_tones,
)

ROWS = ["123", "456", "789", "*0#"]


def test_keys_are_balanced_and_depend_on_the_seed_alone():
    waveforms, keys = make_tones(120, 2000)
    assert waveforms.shape == (120, 2000)
    assert waveforms.dtype == np.int16
    assert set(Counter(keys.tolist()).values()) == {10}
    assert len(np.unique(keys)) == len(KEYS)
    again, _ = make_tones(120, 2000)
    np.testing.assert_array_equal(waveforms, again)
    assert not np.array_equal(waveforms, make_tones(120, 2000, seed=1)[0])


def test_the_strongest_tones_are_those_of_the_key():
    waveforms, keys = make_tones(240, 4000)
    power = np.abs(np.fft.rfft(waveforms)) ** 2
    frequencies = np.fft.rfftfreq(4000, 1 / SAMPLE_RATE)

    def strongest(wanted: tuple[float, ...]) -> np.ndarray:
        bands = [np.abs(frequencies / frequency - 1) < 0.025 for frequency in wanted]
        return np.argmax([power[:, band].max(axis=1) for band in bands], axis=0)

    rows, columns = strongest(ROW_FREQUENCIES), strongest(COLUMN_FREQUENCIES)
    heard = [ROWS[row][column] for row, column in zip(rows, columns)]
    assert np.mean([heard[i] == KEYS[key] for i, key in enumerate(keys)]) > 0.98


def test_strings_last_as_long_as_their_keys_and_depend_on_the_seed_alone():
    recordings, strings = make_tone_strings(60)
    assert {len(string) for string in strings} == set(range(1, 9))
    assert {*"".join(strings)} == {*KEYS}
    lengths = [len(recording) / SAMPLE_RATE for recording in recordings]
    for seconds, string in zip(lengths, strings, strict=True):
        assert 0.1 * len(string) + 0.03 < seconds < 0.5 * len(string) + 0.26
    again, _ = make_tone_strings(60)
    for a, b in zip(recordings, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert strings != make_tone_strings(60, seed=1)[1]

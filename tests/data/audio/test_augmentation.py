"""Recordings are moved, transposed, put into a room, drowned in noise, by their draws alone."""

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from dlapps.data.audio.augmentation import (
    NUM_DRAWS_IN_TIME,
    NUM_OCTAVES,
    NUM_SOUND_DRAWS,
    SoundAugmentation,
    WaveformAugmentation,
    augment_sound,
    augment_waveforms,
    coloured,
    with_echo,
    with_noise,
)

RATE = 1000


def beep(frequency: float, num_samples: int = 500) -> np.ndarray:
    time = (np.arange(num_samples) - (num_samples - 1) / 2) / RATE
    return (np.cos(2 * np.pi * frequency * time) * np.exp(-((time / 0.05) ** 2))).astype(np.float32)


def augmented(draws: list, **settings: float) -> np.ndarray:
    waveforms = tf.constant(np.stack([beep(20)] * len(draws)))
    settings = WaveformAugmentation(**settings)
    return augment_waveforms(waveforms, tf.constant(draws), settings, RATE).numpy()


def tones(*frequencies: float, rate: int = 8000) -> tf.Tensor:
    time = np.arange(rate) / rate
    return tf.constant(0.1 * np.sin(2 * np.pi * np.outer(frequencies, time)), tf.float32)


def drawn(**draws: float) -> tf.Tensor:
    """One row of draws, of which all that is not given leaves a recording as it is."""
    names = ("shift", "speed", "gain", "pitch", "duration", "echo", "ratio", "colour", "noise")
    return tf.constant([[draws.get(name, 0.5) for name in names]])


def test_nothing_asked_changes_nothing_and_needs_no_draws():
    np.testing.assert_array_equal(augmented([[]]), beep(20)[None])


def test_runs_that_are_there_hear_what_they_heard():
    """Other numbers of draws would be other draws."""
    assert WaveformAugmentation(shift=0.1, speed=0.1).num_draws == 2
    in_time, of_sound = NUM_DRAWS_IN_TIME, NUM_SOUND_DRAWS
    assert WaveformAugmentation(speed=0.1, noise=(0, 10)).num_draws == in_time + of_sound
    coloured = WaveformAugmentation(noise=(0, 10), colour=6)
    assert coloured.num_draws == in_time + of_sound + NUM_OCTAVES
    assert SoundAugmentation(colour=6).num_draws == of_sound + NUM_OCTAVES


def test_sound_is_varied_by_the_same_draws_as_a_waveform_is():
    settings = {"pitch": 3, "echo": 0.2, "colour": 12, "noise": (5, 5), "gain": 6}
    draws = np.random.default_rng(0).random((1, 17), np.float32)
    draws[:, :2] = 0.5
    here = tf.constant(beep(20)[None])
    whole = augment_waveforms(here, draws, WaveformAugmentation(**settings), RATE)
    sound = augment_sound(here, draws[:, 2:], SoundAugmentation(**settings), RATE)
    np.testing.assert_array_equal(sound, whole)
    assert np.abs(sound - here).max() > 0.1


def test_the_middle_draw_leaves_a_recording_as_it_is():
    settings = {"shift": 0.1, "speed": 0.2, "pitch": 3, "gain": 10}
    heard = augment_waveforms(
        tf.constant(beep(20)[None]), drawn(), WaveformAugmentation(**settings), RATE
    )
    np.testing.assert_allclose(heard, beep(20)[None], atol=1e-4)


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


def test_gain_is_in_decibels():
    settings = WaveformAugmentation(gain=20)
    for draw, factor in ((0.0, 0.1), (0.75, 10**0.5)):
        heard = augment_waveforms(tones(440), drawn(gain=draw), settings, 8000)
        np.testing.assert_allclose(heard, factor * tones(440), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_pitch_is_in_semitones_and_takes_no_time(rate):
    for frequency in (150.0, 440.0):
        heard = []
        for draw in (0.0, 1.0):
            settings = WaveformAugmentation(pitch=4)
            heard += [
                *augment_waveforms(tones(frequency, rate=rate), drawn(pitch=draw), settings, rate)
            ]
        for found, semitones in zip(heard, (-4, 4), strict=True):
            power = np.abs(np.fft.rfft(found * np.hanning(rate))) ** 2
            wanted = frequency * 2 ** (semitones / 12)
            assert np.argmax(power) == pytest.approx(wanted, rel=0.01)
            near = np.abs(np.arange(len(power)) - wanted) < 10
            assert power[near].sum() > 0.98 * power.sum()
            # As loud at the end as at the beginning: it is as long as it was.
            assert np.std(found[-rate // 10 :]) == pytest.approx(0.07, rel=0.1)


def test_noise_has_the_ratio_that_was_drawn_and_both_colours():
    clean = tf.concat([tones(440), 0.01 * tones(440), 0 * tones(440)], axis=0)
    ratios = tf.constant([10.0, -3.0, 0.0])
    white, pink = (
        (
            with_noise(clean, ratios, tf.fill([3], colour), tf.constant([0.1, 0.7, 0.99])) - clean
        ).numpy()
        for colour in (0.2, 0.8)
    )
    for noise in (white, pink):
        found = 10 * np.log10(np.mean(clean[:2] ** 2, axis=1) / np.mean(noise[:2] ** 2, axis=1))
        np.testing.assert_allclose(found, ratios[:2], atol=0.01)
        np.testing.assert_array_equal(noise[2], 0)
    power = [np.abs(np.fft.rfft(noise[0])) ** 2 for noise in (white, pink)]
    octaves = [[p[low : 2 * low].mean() for low in (100, 400, 1600)] for p in power]
    np.testing.assert_allclose(octaves[0] / octaves[0][0], 1, atol=0.35)
    np.testing.assert_allclose(octaves[1] / octaves[1][0], [1, 1 / 4, 1 / 16], rtol=0.5)


def test_an_echo_fades_by_60_decibels_in_its_time_and_keeps_the_power():
    click = np.zeros((1, 8000), np.float32)
    click[0, 100] = 1
    heard = with_echo(tf.constant(click), tf.constant([1600.0]), tf.constant([0.3]), 4000, 8000)[0]
    np.testing.assert_allclose(heard[:100], 0, atol=1e-6)
    loudness = 10 * np.log10([np.mean(heard[101 + s : 301 + s] ** 2) for s in (0, 400, 800, 1200)])
    np.testing.assert_allclose(np.diff(loudness), -15, atol=2)  # every 400 of 1,600 samples
    assert np.sum(heard**2) == pytest.approx(1, rel=0.1)
    dry = with_echo(tones(440), tf.constant([0.0]), tf.constant([0.3]), 4000, 8000)
    np.testing.assert_allclose(dry, tones(440), atol=1e-6)


def test_colour_is_in_decibels_by_octave_and_keeps_the_power():
    tones_of = (500, 1000, 1000 * 2**0.5, 2000)
    heard = tf.reduce_sum(tones(*tones_of), axis=0, keepdims=True)
    decibels = np.zeros((1, NUM_OCTAVES), np.float32)
    decibels[0, -4:] = [-6, 2, 10, 0]  # 500, 1,000, 2,000 and 4,000 Hz, half the sample rate
    found = coloured(heard, tf.constant(decibels)).numpy()
    before, after = (np.abs(np.fft.rfft(x[0] * np.hanning(8000))) for x in (heard.numpy(), found))
    louder = [
        20
        * np.log10(
            after[round(f) - 3 : round(f) + 4].max() / before[round(f) - 3 : round(f) + 4].max()
        )
        for f in tones_of
    ]
    np.testing.assert_allclose(np.diff(louder), [8, 4, 4], atol=0.1)
    assert np.mean(found**2) == pytest.approx(np.mean(heard**2), rel=1e-4)
    np.testing.assert_array_equal(coloured(0 * heard, tf.constant(decibels)), 0)
    as_it_was = coloured(heard, tf.zeros([1, NUM_OCTAVES]))
    np.testing.assert_allclose(as_it_was, heard, atol=1e-5)


def test_the_same_draws_do_the_same_to_a_recording_in_any_company():
    settings = WaveformAugmentation(
        shift=0.1, speed=0.1, gain=6, pitch=3, echo=0.3, colour=12, noise=(5, 30)
    )
    draws = tf.constant(np.random.default_rng(0).random((3, settings.num_draws)), tf.float32)
    together = augment_waveforms(tones(200, 440, 900), draws, settings, 8000)
    assert np.isfinite(together).all()
    assert not np.allclose(together, tones(200, 440, 900), atol=0.01)
    np.testing.assert_array_equal(
        together, augment_waveforms(tones(200, 440, 900), draws, settings, 8000)
    )
    alone = augment_waveforms(tones(440), draws[1:2], settings, 8000)
    np.testing.assert_allclose(alone[0], together[1], atol=1e-5)


@pytest.mark.parametrize(
    "values", [{"noise": (30, 5)}, {"noise": (0, 300)}, {"echo": -1}, {"pitch": 13}, {"gain": 61}]
)
def test_what_no_recording_is_like_is_refused(values):
    with pytest.raises(ValidationError):
        WaveformAugmentation(**values)

"""The front end computes what tf.signal does, and what the Hidden Markov Toolkit's book defines."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.models.speech.front_end import LOWEST_FREQUENCY, front_end
from dlapps.models.speech.keyword_cnn import keyword_cnn

RATE, STEP, BANDS = 8000, 80, 24
WINDOW, FFT_LENGTH = 2 * STEP, 512
NOISE = np.random.default_rng(0).normal(0, 0.1, (3, 1600)).astype(np.float32)


def heard(layer: str, waveforms: np.ndarray = NOISE, **options) -> np.ndarray:
    """What the layer gives for the waveforms."""
    waveform = keras.Input((waveforms.shape[1],))
    outputs = front_end(waveform, RATE, BANDS, STEP / RATE, 0.0, 0.0, **options)
    model = keras.Model(waveform, outputs)
    return np.array(keras.Model(waveform, model.get_layer(layer).output)(waveforms))


def relative(power: np.ndarray) -> np.ndarray:
    """Decibels of power [N, frames, bands], 1 for the loudest and 0 for 80 dB below it."""
    decibels = 10 * np.log10(power / power.max(axis=(1, 2), keepdims=True))
    return np.maximum(1 + decibels / 80, 0)


def test_features_are_those_of_tf_signal():
    # Keras lays the window into the middle of the transform, and mirrors the ends.
    reach = FFT_LENGTH // 2
    padded = np.pad(NOISE, [(0, 0), (reach, reach)], mode="reflect")
    side = (FFT_LENGTH - WINDOW) // 2
    frames = tf.signal.frame(padded, FFT_LENGTH, STEP)[..., side : side + WINDOW]
    spectrum = tf.signal.rfft(frames * tf.signal.hann_window(WINDOW), [FFT_LENGTH])
    bank = tf.signal.linear_to_mel_weight_matrix(
        BANDS, FFT_LENGTH // 2 + 1, RATE, LOWEST_FREQUENCY, RATE / 2
    )
    log_mel = relative((tf.abs(spectrum) ** 2 @ bank).numpy())
    np.testing.assert_allclose(heard("log_mel"), log_mel, atol=1e-4)
    coefficients = tf.signal.mfccs_from_log_mel_spectrograms(tf.constant(log_mel))[..., :13]
    np.testing.assert_allclose(heard("mfcc", features="mfcc"), coefficients, atol=1e-3)


def htk_filter_bank() -> np.ndarray:
    """Triangles on the mel scale, mel(f) = 2595 log10(1 + f / 700), [bins, bands]."""

    def mel(hertz):
        return 2595 * np.log10(1 + hertz / 700)

    edges = np.linspace(mel(LOWEST_FREQUENCY), mel(RATE / 2), BANDS + 2)
    bank = np.zeros((FFT_LENGTH // 2 + 1, BANDS))
    for k in range(1, len(bank)):
        for band in range(BANDS):
            place, (low, middle, high) = mel(k * RATE / FFT_LENGTH), edges[band : band + 3]
            rise, fall = (place - low) / (middle - low), (high - place) / (high - middle)
            bank[k, band] = max(0, min(rise, fall))
    return bank


def test_features_follow_the_htk_book():
    """Power in B triangles on the mel scale; sqrt(2 / B) sum_j log m_j cos(pi i (j - 1/2) / B)."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    starts = range(320, 1120, STEP)  # away from the ends
    frames = np.stack([NOISE[:, s : s + WINDOW] * window for s in starts], axis=1)
    power = np.abs(np.fft.rfft(frames, FFT_LENGTH)) ** 2 @ htk_filter_bank()
    first = 320 // STEP + 1  # the frame in whose middle the window lies
    inside = slice(first, first + len(starts))
    ours = heard("log_mel")
    differences = ours[:, inside] - (10 / 80) * np.log10(power)
    np.testing.assert_allclose(differences - differences[:, :1, :1], 0, atol=1e-4)
    for i in range(13):
        cosines = np.cos(np.pi * i * (np.arange(1, BANDS + 1) - 0.5) / BANDS)
        expected = np.sqrt(2 / BANDS) * (ours * cosines).sum(axis=-1)
        np.testing.assert_allclose(heard("mfcc", features="mfcc")[..., i], expected, atol=1e-4)


@pytest.mark.parametrize("features", ["log_mel", "mfcc"])
def test_each_feature_of_a_clip_is_normalised_over_the_clip(features):
    found = heard("utterance", features=features, normalization="utterance", deltas=1)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=1), 1, atol=0.15)


def test_deltas_are_laid_beside_what_they_are_of():
    assert heard("deltas", features="mfcc", deltas=2).shape == (3, 21, 39)


@pytest.mark.parametrize("normalization", ["utterance", "running"])
def test_a_network_on_coefficients_is_saved_and_silence_is_answered(tmp_path, normalization):
    options = {"features": "mfcc", "deltas": 2, "normalization": normalization}
    model = keyword_cnn(1600, RATE, 3, filters=4, **options)
    assert np.isfinite(model(np.zeros((2, 1600), np.float32))).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(NOISE), loaded(NOISE))

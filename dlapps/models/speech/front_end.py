"""The front end of speech models: a waveform becomes a log-mel spectrogram, or its mel-frequency
cepstral coefficients (Davis and Mermelstein 1980, "Comparison of parametric representations for
monosyllabic word recognition in continuously spoken sentences")."""

from typing import Literal

import keras
import numpy as np
from keras import layers

from dlapps.errors import UsageError
from dlapps.layers.cepstrum import Cepstrum
from dlapps.layers.deltas import Deltas
from dlapps.layers.relative_decibels import RelativeDecibels
from dlapps.layers.running_normalization import RunningNormalization
from dlapps.layers.spectrogram_masking import SpectrogramMasking
from dlapps.layers.vocal_tract_length import VocalTractLengthPerturbation

Features = Literal["log_mel", "mfcc"]
NumDeltas = Literal[0, 1, 2]
"""How often differences over time are taken and laid beside the features: deltas, double deltas."""
Normalization = Literal["batch", "utterance", "running"]
"""Over what each feature gets mean 0 and variance 1: all that was trained on, as batch
normalization does; the clip itself; or what of the clip was heard so far."""

LOWEST_FREQUENCY = 60.0
STRIDES_A_WINDOW = 2
NUM_COEFFICIENTS = 13


def front_end(
    waveform: keras.KerasTensor,
    sample_rate: int,
    num_bands: int,
    stride: float,
    time_masking: float,
    frequency_masking: float,
    features: Features = "log_mel",
    deltas: NumDeltas = 0,
    normalization: Normalization = "batch",
    vocal_tract_length: float = 0.0,
) -> keras.KerasTensor:
    """[N, frames, features] of waveforms [N, samples], normalised and, in training, varied.

    `stride` is in seconds; the maskings are fractions of the frames and of the features, and
    `vocal_tract_length` is a fraction by which a speaker's may be shorter or longer. The layer
    `log_mel` gives the spectrogram [N, frames, num_bands] that all is made from: 1 is the loudest
    of the clip and 0 is 80 dB below it. Of `mfcc` there are 13, and `frequency_masking` hides
    neighbouring coefficients.
    """
    x = _log_mel(waveform, sample_rate, num_bands, stride)
    if vocal_tract_length:
        x = VocalTractLengthPerturbation(
            vocal_tract_length, LOWEST_FREQUENCY, sample_rate, dtype="float32", name="vocal_tract"
        )(x)
    if features == "mfcc":
        x = Cepstrum(min(NUM_COEFFICIENTS, num_bands), dtype="float32", name="mfcc")(x)
    if deltas:
        x = Deltas(deltas, dtype="float32", name="deltas")(x)
    x = NORMALIZATIONS[normalization]()(x)
    return SpectrogramMasking(time_masking, frequency_masking, dtype="float32", name="masking")(x)


NORMALIZATIONS = {
    "batch": lambda: layers.BatchNormalization(
        center=False, scale=False, dtype="float32", name="bands"
    ),
    "utterance": lambda: layers.LayerNormalization(
        axis=1, epsilon=1e-5, center=False, scale=False, dtype="float32", name="utterance"
    ),
    "running": lambda: RunningNormalization(dtype="float32", name="running"),
}


def _log_mel(
    waveform: keras.KerasTensor, sample_rate: int, num_bands: int, stride: float
) -> keras.KerasTensor:
    step = round(stride * sample_rate)
    window = STRIDES_A_WINDOW * step
    # Twice the resolution that the window needs: else low bands would fall between two bins.
    fft_length = 2 ** (window - 1).bit_length() * 2
    if step < 1 or fft_length // 2 >= waveform.shape[1]:
        raise UsageError(
            f"model.stride {stride} does not suit clips of {waveform.shape[1]} samples at "
            f"{sample_rate} Hz; choose a stride of 0.01 to 0.02 s and clips of 0.1 s or more."
        )
    x = layers.MelSpectrogram(
        fft_length=fft_length,
        sequence_length=window,
        sequence_stride=step,
        sampling_rate=sample_rate,
        num_mel_bins=num_bands,
        min_freq=LOWEST_FREQUENCY,
        power_to_db=False,
        dtype="float32",
        name="mel",
    )(waveform)
    x = layers.Permute((2, 1), dtype="float32", name="frames_first")(x)
    return RelativeDecibels(dtype="float32", name="log_mel")(x)


def band_frequencies(num_bands: int, sample_rate: int) -> np.ndarray:
    """The middle of each band in hertz, [num_bands]."""
    lowest, highest = 2595 * np.log10(1 + np.array([LOWEST_FREQUENCY, sample_rate / 2]) / 700)
    mels = np.linspace(lowest, highest, num_bands + 2)[1:-1]
    return 700 * (10 ** (mels / 2595) - 1)

"""The front end of networks that transcribe: waveforms of any length, padded to the longest, become
frames of log-mel bands or of cepstral coefficients, of which none depends on the padding."""

import keras
from keras import layers, ops

from dlapps.errors import UsageError
from dlapps.layers.cepstrum import Cepstrum
from dlapps.layers.frame_normalization import FrameNormalization
from dlapps.layers.own_frames import OwnFrames
from dlapps.layers.relative_decibels import RelativeDecibels
from dlapps.layers.spectrogram_masking import SpectrogramMasking
from dlapps.layers.vocal_tract_length import VocalTractLengthPerturbation
from dlapps.models.speech.front_end import LOWEST_FREQUENCY, NUM_COEFFICIENTS, Features

STRIDE = 0.01
WINDOW = 0.025
"""Seconds."""


def padded_log_mel(
    waveform: keras.KerasTensor,
    num_samples: keras.KerasTensor,
    sample_rate: int,
    num_bands: int,
    num_masks: int,
    time_masking: float,
    frequency_masking: float,
    features: Features = "log_mel",
    vocal_tract_length: float = 0.0,
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """[N, frames, features] of waveforms [N, samples], and how many frames [N] are a row's own.

    A frame stands at every hundredth of a second of a row's `num_samples`, whatever comes after
    them; frames that are nobody's follow. The layer `log_mel` gives the spectrogram
    [N, frames, num_bands]: 1 is the loudest of the row and 0 is 80 dB below it. Of `mfcc` there are
    13. Each feature of a row is normalised. In training, vocal tracts are shorter or longer by up
    to the fraction `vocal_tract_length`, and `num_masks` stretches of time and of neighbouring
    features are masked.
    """
    step, window = round(STRIDE * sample_rate), round(WINDOW * sample_rate)
    fft_length = 2 ** (window - 1).bit_length()
    if not num_bands <= fft_length // 4:
        raise UsageError(
            f"model.num_bands {num_bands} are too many for {sample_rate} samples a second: at "
            f"most {fft_length // 4} bands are wider than what a window tells apart."
        )
    num_frames = ops.maximum((num_samples + (step - 1)) // step, 1)
    own = OwnFrames(dtype="float32", name="own_samples")(waveform, num_samples)
    # Behind it, silence: at the ends, the layer lays the waveform's own mirror image.
    x = layers.ZeroPadding1D((0, fft_length), name="silence_after")(ops.expand_dims(own, -1))
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
    )(ops.squeeze(x, -1))
    x = layers.Permute((2, 1), dtype="float32", name="frames_first")(x)
    x = RelativeDecibels(dtype="float32", name="log_mel")(x)
    if vocal_tract_length:
        x = VocalTractLengthPerturbation(
            vocal_tract_length, LOWEST_FREQUENCY, sample_rate, dtype="float32", name="vocal_tract"
        )(x)
    if features == "mfcc":
        x = Cepstrum(min(NUM_COEFFICIENTS, num_bands), dtype="float32", name="mfcc")(x)
    x = FrameNormalization(dtype="float32", name="bands")(x, num_frames)
    for number in range(1, num_masks + 1):
        masking = SpectrogramMasking(
            time_masking, frequency_masking, dtype="float32", name=f"masking{number}"
        )
        x = masking(x, num_frames)
    return x, num_frames

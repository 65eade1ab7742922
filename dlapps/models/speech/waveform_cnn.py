"""Convolutions on the waveform itself (Dai, Dai, Qu, Li, Das 2017, "Very deep convolutional neural
networks for raw waveforms")."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.batch_normalization import BatchNormalization

POOLING = 4
SMALLEST_VARIANCE = 1e-10
"""That of a clip at -100 dB: what is quieter is silence, and stays quiet."""


def waveform_cnn(
    num_samples: int,
    sample_rate: int,
    num_outputs: int,
    *,
    filters: Positive = 128,
    repeats: tuple[Positive, ...] = (1, 1, 1),
    dropout: Fraction = 0.0,
) -> keras.Model:
    """The network on waveforms [N, num_samples]; its outputs are logits.

    A convolution of 80 samples learns what a spectrogram would be; after it each stage has so many
    of 3 places as `repeats` says, twice the filters of the stage before, and a quarter of its
    places. The paper's M5 by default; its M3 has 256 filters and repeats (1), M11 64 and
    (2, 2, 3, 2), M18 64 and (4, 4, 4, 4). `dropout` precedes the last layer.
    """
    waveform = keras.Input((num_samples,), name="waveform")
    x = layers.LayerNormalization(
        center=False, scale=False, epsilon=SMALLEST_VARIANCE, dtype="float32", name="standardized"
    )(waveform)
    # A map that is one place wide is what convolutions over time are computed as anyway, and what
    # the layers after it, and those who look into them, know.
    x = layers.Reshape((num_samples, 1, 1), name="channel")(x)
    x = _convolution(x, filters, (80, 1), (4, 1), "conv1")
    for stage, count in enumerate(repeats, 1):
        x = layers.MaxPooling2D((min(POOLING, x.shape[1]), 1), name=f"pool{stage}")(x)
        for number in range(1, count + 1):
            width = filters * 2 ** (stage - 1)
            x = _convolution(x, width, (3, 1), (1, 1), f"stage{stage}_conv{number}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(waveform, outputs, name="waveform_cnn")


def _convolution(
    x: keras.KerasTensor, filters: int, size: tuple[int, int], strides: tuple[int, int], name: str
) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, strides, "same", use_bias=False, name=name)(x)
    x = BatchNormalization(name=f"{name}_normalization")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)

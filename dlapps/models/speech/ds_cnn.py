"""A keyword spotter of depthwise separable convolutions (Zhang, Suda, Lai, Chandra 2017, "Hello
Edge: Keyword spotting on microcontrollers")."""

from typing import Literal, NamedTuple

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.batch_normalization import BatchNormalization
from dlapps.models.speech.front_end import Features, Normalization, NumDeltas, front_end


class Size(NamedTuple):
    """One of the paper's networks."""

    filters: int
    blocks: int
    first_strides: tuple[int, int]
    """Of the convolution, in time and in frequency."""
    block_strides: tuple[int, int]
    """Of the first block."""


SIZES = {
    "small": Size(64, 4, (2, 2), (1, 1)),
    "medium": Size(172, 4, (2, 1), (2, 2)),
    "large": Size(276, 5, (2, 1), (2, 2)),
}


def ds_cnn(
    num_samples: int,
    sample_rate: int,
    num_outputs: int,
    *,
    size: Literal["small", "medium", "large"] = "small",
    num_bands: Positive = 40,
    stride: Fraction = 0.02,
    dropout: Fraction = 0.0,
    time_masking: Fraction = 0.0,
    frequency_masking: Fraction = 0.0,
    features: Features = "log_mel",
    deltas: NumDeltas = 0,
    normalization: Normalization = "batch",
    vocal_tract_length: Fraction = 0.0,
) -> keras.Model:
    """The network on waveforms [N, num_samples]; its outputs are logits.

    A convolution of 10 frames by 4 bands, then blocks that look 3 by 3 places around in each map
    alone and mix the maps after, and the mean of each map. The paper's hears 10 cepstral
    coefficients. `dropout` precedes the last layer.
    """
    chosen = SIZES[size]
    waveform = keras.Input((num_samples,), name="waveform")
    x = front_end(
        waveform,
        sample_rate,
        num_bands,
        stride,
        time_masking,
        frequency_masking,
        features,
        deltas,
        normalization,
        vocal_tract_length,
    )
    x = layers.Reshape((*x.shape[1:], 1), name="channel")(x)
    first = layers.Conv2D(
        chosen.filters, (10, 4), chosen.first_strides, "same", use_bias=False, name="conv1"
    )
    x = _normalized(first, x)
    for number in range(1, chosen.blocks + 1):
        strides = chosen.block_strides if number == 1 else (1, 1)
        name = f"block{number}"
        looking = layers.DepthwiseConv2D(
            3, strides, "same", use_bias=False, name=f"{name}_depthwise"
        )
        mixing = layers.Conv2D(chosen.filters, 1, use_bias=False, name=f"{name}_pointwise")
        x = _normalized(mixing, _normalized(looking, x))
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(waveform, outputs, name="ds_cnn")


def _normalized(convolution: keras.layers.Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    x = BatchNormalization(name=f"{convolution.name}_normalization")(convolution(x))
    return layers.Activation("relu", name=f"{convolution.name}_relu")(x)

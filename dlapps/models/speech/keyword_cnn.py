"""A convolutional keyword spotter (Sainath and Parada 2015, "Convolutional neural networks for
small-footprint keyword spotting")."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.batch_normalization import BatchNormalization
from dlapps.models.speech.front_end import Features, Normalization, NumDeltas, front_end


def keyword_cnn(
    num_samples: int,
    sample_rate: int,
    num_outputs: int,
    *,
    num_bands: Positive = 40,
    stride: Fraction = 0.02,
    filters: Positive = 64,
    batch_normalization: bool = False,
    dropout: Fraction = 0.0,
    time_masking: Fraction = 0.0,
    frequency_masking: Fraction = 0.0,
    features: Features = "log_mel",
    deltas: NumDeltas = 0,
    normalization: Normalization = "batch",
    vocal_tract_length: Fraction = 0.0,
) -> keras.Model:
    """The paper's cnn-trad-fpool3 on waveforms [N, num_samples]; its outputs are logits.

    Two convolutions, the first pooled by 3 in frequency, a linear layer of 32 and one of 128
    units. `batch_normalization` follows each convolution and `dropout` precedes the last two
    layers. The filters cover 20 frames by 8 bands, then 10 by 4, one on the other about 0.6 s at
    the default stride.
    """

    def convolution(x, size: tuple[int, int], name: str):
        fitting = tuple(min(wanted, there) for wanted, there in zip(size, x.shape[1:3]))
        x = layers.Conv2D(filters, fitting, name=name)(x)
        if batch_normalization:
            x = BatchNormalization(name=f"{name}_normalization")(x)
        return layers.Activation("relu", name=f"{name}_relu")(x)

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
    x = convolution(x, (20, 8), "conv1")
    x = layers.MaxPooling2D((1, min(3, x.shape[2])), name="pool1")(x)
    x = convolution(x, (10, 4), "conv2")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(32, name="low_rank")(x)
    x = layers.Dropout(dropout, name="dropout1")(x)
    x = layers.Dense(128, activation="relu", name="hidden")(x)
    x = layers.Dropout(dropout, name="dropout2")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(waveform, outputs, name="keyword_cnn")

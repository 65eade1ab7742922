"""A convolutional recurrent keyword spotter (Arik, Kliegl, Child, Hestness, Gibiansky, Fougner,
Prenger, Coates 2017, "Convolutional recurrent neural networks for small-footprint keyword
spotting")."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.models.speech.front_end import Features, Normalization, NumDeltas, front_end


def crnn(
    num_samples: int,
    sample_rate: int,
    num_outputs: int,
    *,
    num_bands: Positive = 40,
    stride: Fraction = 0.01,
    filters: Positive = 32,
    units: Positive = 32,
    hidden: Positive = 64,
    dropout: Fraction = 0.0,
    time_masking: Fraction = 0.0,
    frequency_masking: Fraction = 0.0,
    features: Features = "log_mel",
    deltas: NumDeltas = 0,
    normalization: Normalization = "batch",
    vocal_tract_length: Fraction = 0.0,
) -> keras.Model:
    """The network on waveforms [N, num_samples]; its outputs are logits.

    One convolution of 20 frames by 5 bands, moved by 8 and 2, two bidirectional GRUs over what
    it found, and a layer of `hidden` units that sees all of their steps. The paper's hears
    energies scaled by each band's own past in place of decibels. `dropout` precedes the last two
    layers.
    """
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
    x = layers.Conv2D(filters, (20, 5), (8, 2), "same", activation="relu", name="conv")(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]), name="steps")(x)
    for number in (1, 2):
        # An export made with cuDNN would not load on a machine without a GPU.
        gru = layers.GRU(units, return_sequences=True, use_cudnn=False, name=f"direction{number}")
        x = layers.Bidirectional(gru, name=f"gru{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(dropout, name="dropout1")(x)
    x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    x = layers.Dropout(dropout, name="dropout2")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(waveform, outputs, name="crnn")

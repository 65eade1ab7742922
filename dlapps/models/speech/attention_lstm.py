"""Recurrent keyword recognition with attention (de Andrade, Leo, Viana, Bernkopf 2018, "A neural
attention model for speech command recognition")."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.batch_normalization import BatchNormalization
from dlapps.layers.lstm import LSTM
from dlapps.models.speech.front_end import Features, Normalization, NumDeltas, front_end


def attention_lstm(
    num_samples: int,
    sample_rate: int,
    num_outputs: int,
    *,
    num_bands: Positive = 40,
    stride: Fraction = 0.016,
    units: Positive = 64,
    dropout: Fraction = 0.0,
    time_masking: Fraction = 0.0,
    frequency_masking: Fraction = 0.0,
    features: Features = "log_mel",
    deltas: NumDeltas = 0,
    normalization: Normalization = "batch",
    vocal_tract_length: Fraction = 0.0,
) -> keras.Model:
    """The network on waveforms [N, num_samples]; its outputs are logits.

    Two convolutions over time, two bidirectional LSTMs, and a query from the middle frame that
    asks which frames matter: the layer `attention` gives their shares [N, frames]. `dropout`
    precedes each of the two hidden layers.
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
    for number, filters in enumerate((10, 1), 1):
        name = f"conv{number}"
        x = layers.Conv2D(filters, (5, 1), padding="same", activation="relu", name=name)(x)
        x = BatchNormalization(name=f"{name}_normalization")(x)
    x = layers.Reshape(x.shape[1:3], name="frames")(x)
    for number in (1, 2):
        # An export made with cuDNN would not load on a machine without a GPU.
        lstm = LSTM(units, return_sequences=True, use_cudnn=False, name=f"direction{number}")
        x = layers.Bidirectional(lstm, name=f"lstm{number}")(x)
    frames = x.shape[1]
    around = (frames // 2, frames - 1 - frames // 2)
    middle = layers.Cropping1D(around, name="crop")(x)
    middle = layers.Flatten(name="middle_frame")(middle)
    query = layers.Dense(x.shape[2], name="query")(middle)
    scores = layers.Dot(axes=(2, 1), name="scores")([x, query])
    attention = layers.Softmax(name="attention", dtype="float32")(scores)
    x = layers.Dot(axes=(1, 1), name="context")([attention, x])
    x = layers.Dropout(dropout, name="dropout1")(x)
    x = layers.Dense(64, activation="relu", name="hidden1")(x)
    x = layers.Dropout(dropout, name="dropout2")(x)
    x = layers.Dense(32, name="hidden2")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(waveform, outputs, name="attention_lstm")

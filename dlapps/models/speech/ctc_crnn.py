"""Convolutions over time and frequency, then recurrence (Amodei et al. 2016, "Deep Speech 2:
end-to-end speech recognition in English and Mandarin")."""

from typing import Annotated

from keras import KerasTensor, layers, ops
from pydantic import Field

from dlapps.config.section import Fraction, Positive
from dlapps.layers.own_frames import OwnFrames
from dlapps.models.speech.front_end import Features
from dlapps.models.speech.padded_log_mel import padded_log_mel
from dlapps.models.speech.transcriber import (
    Transcriber,
    bidirectional_stack,
    recording_inputs,
    transcriber,
)

KERNELS = ((11, 9), (7, 5))
"""Frames and bands that a filter of each convolution covers; fewer than the paper's 41 bands."""
STRIDES = (2, 2)
"""Of both, in time and in frequency."""


def ctc_crnn(
    sample_rate: int,
    num_letters: int,
    *,
    num_bands: Positive = 40,
    filters: Positive = 32,
    units: Positive = 128,
    num_layers: Positive = 2,
    dropout: Fraction = 0.3,
    num_masks: Annotated[int, Field(ge=0)] = 0,
    time_masking: Fraction = 0.1,
    frequency_masking: Fraction = 0.2,
    features: Features = "log_mel",
    vocal_tract_length: Fraction = 0.0,
) -> Transcriber:
    """The network on waveforms at `sample_rate` for an alphabet of `num_letters`.

    Two convolutions, each with a stride of 2, leave 25 frames a second. Layers are normalised over
    the channels of a frame where the paper's are over a batch, which would see the padding; the
    recurrent ones are LSTMs, where the paper's are simple or gated.
    """
    inputs = recording_inputs()
    x, num_frames = padded_log_mel(
        *inputs,
        sample_rate,
        num_bands,
        num_masks,
        time_masking,
        frequency_masking,
        features,
        vocal_tract_length,
    )
    x = ops.expand_dims(x, -1)
    for number, kernel in enumerate(KERNELS, 1):
        x, num_frames = _convolution(x, num_frames, filters, kernel, f"conv{number}")
    x = layers.Reshape((-1, x.shape[2] * x.shape[3]), name="frames")(x)
    x = bidirectional_stack(x, num_frames, units, num_layers, dropout)
    return transcriber(inputs, x, num_frames, num_letters, "ctc_crnn")


def _convolution(
    x: KerasTensor, num_frames: KerasTensor, filters: int, kernel: tuple[int, int], name: str
) -> tuple[KerasTensor, KerasTensor]:
    """A convolution whose frames stand where they do whatever a row is padded to."""
    # "same" would lay what is missing around a strided row by the length of the whole batch.
    around = tuple((size // 2, size // 2) for size in kernel)
    x = layers.ZeroPadding2D(around, name=f"{name}_padding")(x)
    x = layers.Conv2D(filters, kernel, STRIDES, name=name)(x)
    x = layers.LayerNormalization(name=f"{name}_normalization")(x)
    x = layers.Activation("relu", name=f"{name}_relu")(x)
    num_frames = (num_frames + (STRIDES[0] - 1)) // STRIDES[0]
    return OwnFrames(name=f"{name}_frames")(x, num_frames), num_frames

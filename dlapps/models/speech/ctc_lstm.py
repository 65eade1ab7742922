"""A bidirectional LSTM that transcribes (Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist
temporal classification: labelling unsegmented sequence data with recurrent neural networks")."""

from typing import Annotated

from keras import layers
from pydantic import Field

from dlapps.config.section import Fraction, Positive
from dlapps.models.speech.front_end import Features
from dlapps.models.speech.padded_log_mel import padded_log_mel
from dlapps.models.speech.transcriber import (
    Transcriber,
    bidirectional_stack,
    recording_inputs,
    transcriber,
)


def ctc_lstm(
    sample_rate: int,
    num_letters: int,
    *,
    num_bands: Positive = 40,
    stacked_frames: Positive = 3,
    units: Positive = 128,
    num_layers: Positive = 3,
    dropout: Fraction = 0.3,
    num_masks: Annotated[int, Field(ge=0)] = 0,
    time_masking: Fraction = 0.1,
    frequency_masking: Fraction = 0.2,
    features: Features = "log_mel",
    vocal_tract_length: Fraction = 0.0,
) -> Transcriber:
    """The network on waveforms at `sample_rate` for an alphabet of `num_letters`.

    `stacked_frames` of a hundredth of a second each are read as one, so that the recurrence has
    fewer steps to take than the paper's.
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
    x = layers.ZeroPadding1D((0, stacked_frames - 1), name="whole_stacks")(x)
    x = layers.Conv1D(2 * units, stacked_frames, stacked_frames, name="stack")(x)
    num_frames = (num_frames + (stacked_frames - 1)) // stacked_frames
    x = bidirectional_stack(x, num_frames, units, num_layers, dropout)
    return transcriber(inputs, x, num_frames, num_letters, "ctc_lstm")

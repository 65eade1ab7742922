"""What a network that transcribes answers: the bytes of a recording, or a waveform, to a text."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.applications.transcription.data import TranscribedSpec
from dlapps.applications.transcription.explanation import read_waveform
from dlapps.applications.transcription.recogniser import Recogniser
from dlapps.data.audio.quality import warn_of_poor_recording
from dlapps.data.audio.recordings import (
    RECORDING_FILE,
    decode_waveforms,
    encode_wav,
    read_as_served,
    to_floats,
)
from dlapps.data.sources.folders import RECORDINGS
from dlapps.datasets.tones import make_tone_strings
from dlapps.errors import in_short
from dlapps.export.answer import Answer, Arrays
from dlapps.export.hypotheses import Hypotheses
from dlapps.export.kinds import Kind

logger = logging.getLogger(__name__)

MUCH_LONGER = 3.0
"""Times the longest training recording, from which on it is said."""


def transcription_answers(recogniser: Recogniser, spec: TranscribedSpec) -> dict[str, Answer]:
    """For WAV files of any length and rate, and for waveforms at the network's rate."""
    rate = spec.sample_rate
    clips, _ = make_tone_strings(2)
    padded = tf.ragged.constant([clip.tolist() for clip in clips], tf.int16).to_tensor().numpy()
    lengths = np.array([len(clip) for clip in clips], np.int32)
    files = np.array([encode_wav(clip, rate) for clip in clips], object)

    def expected() -> Arrays:
        return recogniser.expected([to_floats(clip).numpy() for clip in clips])

    def from_files(wav_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return recogniser.transcribe(*decode_waveforms(wav_bytes, rate))

    def from_waveforms(waveform: tf.Tensor, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
        own = tf.clip_by_value(lengths, 0, tf.shape(waveform)[1])
        return recogniser.transcribe(waveform, own)

    return {
        "serving_default": Answer(
            inputs={"wav_bytes": tf.TensorSpec([None], tf.string)},
            function=from_files,
            example=lambda: ({"wav_bytes": files}, expected()),
            read=lambda text: {"wav_bytes": np.array([read_as_served(text, rate)], object)},
            show=_show(recogniser.hypotheses, spec),
            takes=RECORDING_FILE,
            suffixes=RECORDINGS.suffixes,
            at_once=16,
            input_kinds={"wav_bytes": _wav_kind(spec)},
            output_kinds=recogniser.hypotheses.kinds(),
        ),
        "waveform": Answer(
            inputs={
                "waveform": tf.TensorSpec([None, None], tf.float32),
                "lengths": tf.TensorSpec([None], tf.int32),
            },
            function=from_waveforms,
            example=lambda: ({"waveform": to_floats(padded), "lengths": lengths}, expected()),
            input_kinds={
                "waveform": Kind(
                    "waveform", f"samples in [-1, 1] at {rate:,} Hz", {"sample_rate": rate}
                ),
                "lengths": Kind("numbers", "how many samples of each waveform are its own"),
            },
            output_kinds=recogniser.hypotheses.kinds(),
        ),
    }


def _show(hypotheses: Hypotheses, spec: TranscribedSpec) -> Callable[..., dict[str, Any]]:
    """The `show` of an Answer, which says in the log where a recording is unlike those learned."""

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        waveform = read_waveform(text, spec)
        seconds = len(waveform) / spec.sample_rate
        warn_of_poor_recording(in_short(text), waveform)
        if seconds > MUCH_LONGER * spec.longest:
            logger.warning(
                "%s lasts %.0f s; the longest that was learned from lasts %.1f s.",
                in_short(text), seconds, spec.longest,
            )  # fmt: skip
        return hypotheses.record(outputs)

    return show


def _wav_kind(spec: TranscribedSpec) -> Kind:
    return Kind(
        "wav_file",
        f"the bytes of a WAV file of 16-bit PCM, resampled to {spec.sample_rate:,} Hz",
        {"suffixes": [".wav"], "sample_rate": spec.sample_rate},
    )

"""What a keyword recogniser answers: the bytes of a recording, a waveform or a spectrogram to a
class."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlapps.applications.speech.data import RecordingSpec, how_heard
from dlapps.applications.speech.hearing import SPECTROGRAM, hears_waveform, inside
from dlapps.data.audio.recordings import (
    RECORDING_FILE,
    decode_wavs,
    encode_wav,
    fit_length,
    read_as_served,
    to_floats,
    to_integers,
)
from dlapps.data.batches import Columns
from dlapps.data.sources.folders import RECORDINGS
from dlapps.data.splits import Examples
from dlapps.export.answer import Answer, Arrays
from dlapps.export.class_names import (
    LabelTable,
    class_answer,
    class_kinds,
    expected_class_answer,
    show_class,
)
from dlapps.export.kinds import Kind
from dlapps.models.classifier import classify

RowsOf = Callable[[Examples, Callable[[tf.Tensor], Columns]], tf.data.Dataset]
"""Gives, in batches, what a function makes of the waveforms [N, T] of examples."""


def keyword_answers(model: keras.Model, spec: RecordingSpec, rows_of: RowsOf) -> dict[str, Answer]:
    """For WAV files of any length and rate, and for waveforms at the model's rate.

    A server takes files of 16-bit PCM, all that TensorFlow decodes; `read` makes such of other
    widths and formats.
    """
    table = LabelTable(spec.class_names)
    rate, length = spec.sample_rate, spec.num_samples
    kinds, heard = class_kinds(spec.class_names), _heard_kinds(spec)

    def answer(clips: tf.Tensor) -> dict[str, tf.Tensor]:
        return class_answer(classify(model, clips), table)

    noise = to_integers(np.random.default_rng(0).uniform(-0.5, 0.5, (2, length)))
    floats = to_floats(noise).numpy()
    files = np.array([encode_wav(clip, rate) for clip in noise], object)

    def expected() -> Arrays:
        return expected_class_answer(model.predict(floats, verbose=0), spec.class_names)

    return {
        "serving_default": Answer(
            inputs={"wav_bytes": tf.TensorSpec([None], tf.string)},
            function=lambda wav_bytes: answer(decode_wavs(wav_bytes, rate, length)),
            example=lambda: ({"wav_bytes": files}, expected()),
            read=lambda text: {"wav_bytes": np.array([read_as_served(text, rate)], object)},
            show=_show_heard(spec),
            takes=RECORDING_FILE,
            suffixes=RECORDINGS.suffixes,
            resources=[table],
            input_kinds=heard,
            output_kinds=kinds,
        ),
        "waveform": Answer(
            inputs={"waveform": tf.TensorSpec([None, None], tf.float32)},
            function=lambda waveform: answer(fit_length(waveform, length)),
            example=lambda: ({"waveform": floats}, expected()),
            resources=[table],
            input_kinds=heard,
            output_kinds=kinds,
            rows=lambda examples: rows_of(examples, lambda x: {"waveform": x}),
        ),
    }


def numeric_keyword_answers(
    model: keras.Model, spec: RecordingSpec, waveform: Answer, rows_of: RowsOf
) -> dict[str, Answer]:
    """From a waveform as long as the model hears, and from the spectrogram on that it makes.

    `waveform` is the numeric answer to waveforms of any length.
    """
    waveform = waveform._replace(
        inputs={"waveform": tf.TensorSpec([None, spec.num_samples], tf.float32)},
        function=lambda waveform: {"probabilities": classify(model, waveform)},
    )
    if hears_waveform(model):
        return {"waveform": waveform}
    listening = inside(model, SPECTROGRAM)
    network = keras.Model(listening.output, model.output)

    def example() -> tuple[Arrays, Arrays]:
        spectrograms = listening.predict(waveform.example()[0]["waveform"], verbose=0)
        probabilities = network.predict(spectrograms, verbose=0)
        answer = expected_class_answer(probabilities, spec.class_names)
        return {"spectrogram": spectrograms}, {"probabilities": answer["probabilities"]}

    def spectrograms(x: tf.Tensor) -> Columns:
        return {"spectrogram": listening(x, training=False)}

    return {
        "waveform": waveform,
        "spectrogram": Answer(
            inputs={"spectrogram": tf.TensorSpec(listening.output_shape, tf.float32)},
            function=lambda spectrogram: {"probabilities": classify(network, spectrogram)},
            example=example,
            input_kinds={"spectrogram": Kind("numbers", _how_made(model))},
            output_kinds=waveform.output_kinds,
            rows=lambda examples: rows_of(examples, spectrograms),
        ),
    }


def read_clip(path: str, spec: RecordingSpec) -> tf.Tensor:
    """What the model hears of a recording, [1, num_samples], by way of what a server is sent."""
    served = read_as_served(path, spec.sample_rate)
    return decode_wavs(tf.constant([served]), spec.sample_rate, spec.num_samples)


def _show_heard(spec: RecordingSpec) -> Callable[..., dict[str, Any]]:
    """The `show` of an Answer: the class, and what was left out of a recording that is too long."""
    show_answer = show_class(spec.class_names)

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        return {**show_answer(text, outputs, directory, name), **how_heard(text, spec)}

    return show


def _heard_kinds(spec: RecordingSpec) -> dict[str, Kind]:
    """What the inputs of both answers are, by their names."""
    cut = f"of which {spec.seconds:g} s are heard; a shorter one is laid into silence"
    facts = {"sample_rate": spec.sample_rate, "num_samples": spec.num_samples}
    return {
        "wav_bytes": Kind(
            "wav_file",
            f"the bytes of a WAV file of 16-bit PCM, resampled to {spec.sample_rate:,} Hz, {cut}",
            {"suffixes": [".wav"], **facts},
        ),
        "waveform": Kind(
            "waveform", f"samples in [-1, 1] at {spec.sample_rate:,} Hz, {cut}", facts
        ),
    }


def _how_made(model: keras.Model) -> str:
    """The spectrogram in words, for whoever has to make it from a waveform."""
    mel, loudness = model.get_layer("mel"), model.get_layer(SPECTROGRAM)
    return (
        f"[frames, bands]: the power in {mel.num_mel_bins} mel bands from {mel.min_freq:g} Hz to "
        f"half of {mel.sampling_rate} samples a second, in Hann windows of {mel.sequence_length} "
        f"samples every {mel.sequence_stride}, by a Fourier transform of {mel.fft_length} points; "
        f"as decibels, 1 for the loudest of the clip and 0 for {loudness.dynamic_range:g} dB less"
    )

"""How a network that transcribes is looked into: what it hears, and what in it spoke for what."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.transcription.data import TranscribedSpec
from dlapps.applications.transcription.pictures import Heard, relevance_figure
from dlapps.applications.transcription.recogniser import Recogniser
from dlapps.data.audio.recordings import read_recording, resampled
from dlapps.errors import in_short
from dlapps.explain.explainable import Explainable, Relevance
from dlapps.layers.own_frames import OwnFrames
from dlapps.models.speech.front_end import band_frequencies


def read_waveform(path: str | Path, spec: TranscribedSpec) -> np.ndarray:
    """The recording as the network takes it, float32 [T]; raises UsageError as `read_recording`."""
    samples, rate = read_recording(path)
    return resampled(samples, rate, spec.sample_rate).mean(axis=1)


def heard(recogniser: Recogniser, spec: TranscribedSpec, waveform: np.ndarray) -> Heard:
    """What the network hears in a waveform [T], and when it is sure of which letter."""
    model = recogniser.model
    inputs = _as_inputs(waveform)
    spectrogram, num_frames = keras.Model(model.input, model.get_layer("bands").input)(inputs)
    outputs = model(inputs, training=False)
    said = recogniser.said(outputs["logits"], outputs["num_frames"])
    own = tf.nn.softmax(outputs["logits"])[0, : outputs["num_frames"][0]]
    return Heard(
        spectrogram.numpy()[0, : int(num_frames[0])],
        band_frequencies(spectrogram.shape[-1], spec.sample_rate),
        own.numpy(),
        spec.letters,
        said["transcript"].numpy()[0].decode(),
        len(waveform) / spec.sample_rate,
    )


def explainable_recogniser(recogniser: Recogniser, spec: TranscribedSpec) -> Explainable:
    """What in the normalised log-mel spectrogram spoke for the letters of the likeliest path."""
    model = recogniser.model
    frames, num_frames = model.get_layer("bands").output, model.get_layer("bands").input[1]
    listening = keras.Model(model.input, [frames, num_frames])
    # Where a row has ended, logits of 0 are for nothing.
    own = OwnFrames(name="own_logits")(model.output["logits"], model.output["num_frames"])
    network = keras.Model([frames, num_frames], own)

    def prepare(text: str) -> list[tf.Tensor]:
        frames, num_frames = listening(_as_inputs(read_waveform(text, spec)))
        return [frames[:, : num_frames[0]], num_frames]

    def score(logits: tf.Tensor, target: int | None = None) -> tf.Tensor:
        is_letter = tf.argmax(logits, axis=-1) < len(spec.letters)
        said = tf.where(is_letter, tf.reduce_max(logits, axis=-1), 0.0)
        return tf.reduce_sum(said, axis=-1)

    def show(
        text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], _: int | None
    ) -> Figure:
        found_in = heard(recogniser, spec, read_waveform(text, spec))
        title = f"{in_short(Path(text).name)}: {found_in.transcript}"
        return relevance_figure(title, found_in, found[0].of_row(0))

    return Explainable(
        network,
        prepare,
        score,
        show,
        axes=2,
        layerwise=False,
        # Time runs to the right, low notes lie at the bottom.
        images=lambda x: x.reshape(*x.shape[:3], -1).swapaxes(1, 2)[:, ::-1],
    )


def _as_inputs(waveform: np.ndarray) -> dict[str, tf.Tensor]:
    return {"waveform": waveform[None], "num_samples": np.array([len(waveform)], np.int32)}

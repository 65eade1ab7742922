"""What a recogniser hears of a recording: its log-mel spectrogram, or the waveform itself."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.speech.data import RecordingSpec
from dlapps.applications.speech.pictures import heard_relevance_figure
from dlapps.data.batches import Columns
from dlapps.errors import in_short
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.relevance import answer_text
from dlapps.models.classifier import classify, layers_with_maps
from dlapps.models.speech.front_end import band_frequencies, front_end

SPECTROGRAM, WAVEFORM = "log_mel", "channel"
"""The layers that give what is heard: [N, frames, bands], or samples as a map [N, T, 1, 1]."""
NUM_BANDS, STRIDE = 40, 0.02
FEWEST_FRAMES = 8


def hears_waveform(model: keras.Model) -> bool:
    """Whether the model makes no spectrogram of what it is given."""
    return all(layer.name != SPECTROGRAM for layer in model.layers)


def inside(model: keras.Model, layer: str) -> keras.Model:
    """The part of the model that ends with one layer."""
    return keras.Model(model.input, model.get_layer(layer).output)


def looked_at(model: keras.Model, spec: RecordingSpec) -> keras.Model:
    """What makes the spectrograms [N, frames, bands] that people look at, in 0..1.

    They are those that the model hears or, where it hears the waveform, such as others would.
    """
    if not hears_waveform(model):
        return inside(model, SPECTROGRAM)
    waveform = keras.Input((spec.num_samples,))
    stride = min(STRIDE, spec.seconds / FEWEST_FRAMES)
    heard = front_end(waveform, spec.sample_rate, NUM_BANDS, stride, 0.0, 0.0)
    return inside(keras.Model(waveform, heard), SPECTROGRAM)


def explain_waveform(
    model: keras.Model,
    spec: RecordingSpec,
    read_clip: Callable[[str], tf.Tensor],
    read: Callable[[Columns], tf.Tensor],
) -> Explainable:
    """Grad-CAM of a network on waveforms: by its last maps, each of whose places is a moment.

    What a single sample adds changes its sign with the wave, so it says little. `read_clip` gives
    the waveform [1, T] of a recording, `read` those [N, T] of examples.
    """
    listening, looking = inside(model, WAVEFORM), looked_at(model, spec)
    network = keras.Model(listening.output, model.output)

    def show(
        text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
    ) -> Figure:
        row = classify(network, inputs[0]).numpy()[0]
        waveform = inputs[0][:, :, 0, 0]
        spectrogram = looking(waveform).numpy()[0]
        return heard_relevance_figure(
            f"{in_short(Path(text).name)}: {answer_text(spec.class_names, row, target)}",
            waveform.numpy()[0],
            spectrogram,
            spec.seconds,
            band_frequencies(spectrogram.shape[1], spec.sample_rate),
            found[0].of_row(0),
        )

    return Explainable(
        network,
        prepare=lambda text: [listening(read_clip(text))],
        score=score_of_output,
        show=show,
        axes=2,
        targets=spec.class_names,
        layers=layers_with_maps(network),
        read=lambda columns: listening(read(columns)),
    )

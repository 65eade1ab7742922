"""Speech: which keyword is spoken in a recording."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.base import Application, Classes
from dlapps.applications.speech.answers import (
    keyword_answers,
    numeric_keyword_answers,
    read_clip,
)
from dlapps.applications.speech.data import (
    RecordingData,
    Recordings,
    RecordingSpec,
    how_heard,
    load_recordings,
    read_whole,
)
from dlapps.applications.speech.detection import DetectionSettings, detections
from dlapps.applications.speech.hearing import (
    SPECTROGRAM,
    explain_waveform,
    hears_waveform,
    inside,
    looked_at,
)
from dlapps.applications.speech.noise import DECIBELS, in_noise
from dlapps.applications.speech.pictures import (
    attention_by_class,
    drawings_of,
    heard_figure,
    mistaken_spectrograms,
    relevance_figure,
)
from dlapps.config.schema import Config
from dlapps.data.audio.augmentation import augment_waveforms
from dlapps.data.audio.recordings import to_floats
from dlapps.data.batches import Columns, answers_in_order, in_order
from dlapps.data.splits import Examples, carve
from dlapps.errors import in_short
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.confusion import confusion_matrix_figure, confusion_over_time
from dlapps.explain.figures.examples import Drawing
from dlapps.explain.figures.relevance import answer_text
from dlapps.explain.over_time import OverTime
from dlapps.export.answer import Answer
from dlapps.metrics.classification import classification_report
from dlapps.models.classifier import classify, compile_classifier
from dlapps.models.speech.attention_lstm import attention_lstm
from dlapps.models.speech.crnn import crnn
from dlapps.models.speech.ds_cnn import ds_cnn
from dlapps.models.speech.front_end import band_frequencies
from dlapps.models.speech.keyword_cnn import keyword_cnn
from dlapps.models.speech.waveform_cnn import waveform_cnn
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage

ATTENTION = "attention"
"""The layer that gives, in a model that attends, the shares of its frames."""

MOST_OVER_TIME = 300
"""Recordings that are answered again at every snapshot."""


class SpeechConfig(Config):
    """The settings of a keyword recogniser."""

    data: RecordingData
    detection: DetectionSettings = DetectionSettings()

    asked_with: ClassVar = ("detection",)


class Speech(Application[SpeechConfig, RecordingSpec]):
    """A recording in, the keyword spoken in it and the probabilities of all out."""

    config_class = SpeechConfig
    spec_class = RecordingSpec
    models = {  # noqa: RUF012
        "keyword_cnn": keyword_cnn,
        "attention_lstm": attention_lstm,
        "ds_cnn": ds_cnn,
        "crnn": crnn,
        "waveform_cnn": waveform_cnn,
    }

    def build_data(self) -> Recordings:
        return load_recordings(self.config.data)

    def build_model(self, spec: RecordingSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        sizes = (spec.num_samples, spec.sample_rate, len(spec.class_names))
        model = builder(*sizes, **self.config.model_options)
        compile_classifier(model, build_optimizer(self.config.training))
        return model

    def stages(self, model: keras.Model, data: Recordings) -> Iterator[Stage]:
        augmentation, rate = self.config.data.augmentation, data.spec.sample_rate

        def augmented(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            waveforms, labels = _model_inputs(columns)
            return augment_waveforms(waveforms, draws, augmentation, rate), labels

        num_draws = augmentation.num_draws
        yield supervised_stage(
            model, data, self.config, _model_inputs, augmented=augmented, num_draws=num_draws
        )

    def evaluate(self, model: keras.Model, data: Recordings, split: str) -> dict[str, Any]:
        labels = data[split].columns["label"]
        probabilities = self._probabilities(model, data, split)
        report = classification_report(labels, probabilities, data.spec.class_names)
        noisy = self._on(in_noise(data[split]), lambda x: classify(model, x))
        report[f"accuracy_at_{DECIBELS}_db"] = float(np.mean(noisy.argmax(axis=1) == labels))
        speakers = data.spec.speakers.get(split)
        return report | ({"speakers": list(speakers)} if speakers else {})

    def classes(self, spec: RecordingSpec) -> Classes:
        def probabilities(
            model: keras.Model, data: Recordings, split: str
        ) -> tuple[np.ndarray, np.ndarray]:
            return data[split].columns["label"], self._probabilities(model, data, split)

        def drawings(model: keras.Model, examples: Examples) -> list[Drawing]:
            return drawings_of(self._on(examples, looked_at(model, spec)), spec.seconds)

        return Classes(spec.class_names, probabilities, drawings)

    def answers(self, model: keras.Model, spec: RecordingSpec) -> dict[str, Answer]:
        return keyword_answers(model, spec, self._raw)

    def detections(
        self, model: keras.Model, spec: RecordingSpec, text: str
    ) -> Iterator[dict[str, Any]]:
        waveform = read_whole(text, spec)
        probabilities = tf.function(lambda clips: classify(model, clips), reduce_retracing=True)
        return detections(
            waveform, spec, lambda clips: probabilities(clips).numpy(), self.config.detection
        )

    def numeric_answers(self, model: keras.Model, spec: RecordingSpec) -> dict[str, Answer]:
        waveform = super().numeric_answers(model, spec)["waveform"]
        return numeric_keyword_answers(model, spec, waveform, self._raw)

    def pictures(self, model: keras.Model, data: Recordings) -> dict[str, Figure]:
        names, seconds = data.spec.class_names, data.spec.seconds
        labels = data["test"].columns["label"]
        probabilities = self._probabilities(model, data, "test")
        spectrograms = self._on(data["test"], looked_at(model, data.spec))
        report = classification_report(labels, probabilities, names)
        matrix = np.array(report["confusion_matrix"])
        pictures = {
            "confusion_matrix": confusion_matrix_figure(matrix, names),
            "confident_mistakes": mistaken_spectrograms(
                spectrograms, labels, probabilities, names, seconds
            ),
        }
        if _attends(model):
            attention = self._on(data["test"], inside(model, ATTENTION))
            pictures["attention"] = attention_by_class(attention, labels, names, seconds)
        return pictures

    def over_time(self, model: keras.Model, data: Recordings) -> dict[str, OverTime]:
        validation, names = data["validation"], data.spec.class_names
        _, chosen = carve(validation, min(MOST_OVER_TIME, len(validation)))
        probabilities = tf.function(lambda x: classify(model, x))

        def confusion() -> np.ndarray:
            answers = self._on(chosen, probabilities)
            report = classification_report(chosen.columns["label"], answers, names)
            return np.array(report["confusion_matrix"])

        return {"confusion_matrix_over_time": confusion_over_time(confusion, names)}

    def pictures_of(
        self, model: keras.Model, spec: RecordingSpec, text: str, name: str
    ) -> dict[str, Figure]:
        clips = read_clip(text, spec)
        how_heard(text, spec)
        spectrogram = looked_at(model, spec)(clips).numpy()[0]
        figure = heard_figure(
            in_short(Path(text).name),
            clips.numpy()[0],
            spectrogram,
            spec.seconds,
            band_frequencies(spectrogram.shape[1], spec.sample_rate),
            dict(zip(spec.class_names, classify(model, clips).numpy()[0].tolist(), strict=True)),
            inside(model, ATTENTION)(clips).numpy()[0] if _attends(model) else None,
        )
        return {name: figure}

    def explainable(self, model: keras.Model, spec: RecordingSpec) -> Explainable:
        """Gradient times the log-mel spectrogram: what is louder than silence, and matters.

        Not Grad-CAM: the last maps of keyword_cnn see a third of a second at once, or all of a
        short clip, and those of attention_lstm are a single one, so they cannot say what was where.
        Those of waveform_cnn can say when.
        """
        if hears_waveform(model):
            return explain_waveform(
                model,
                spec,
                lambda text: read_clip(text, spec),
                lambda columns: _model_inputs(columns)[0],
            )
        listening = inside(model, SPECTROGRAM)
        network = keras.Model(listening.output, model.output)

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            row = classify(network, inputs[0]).numpy()[0]
            spectrogram = inputs[0].numpy()[0]
            return relevance_figure(
                f"{in_short(Path(text).name)}: {answer_text(spec.class_names, row, target)}",
                read_clip(text, spec).numpy()[0],
                spectrogram,
                spec.seconds,
                band_frequencies(spectrogram.shape[1], spec.sample_rate),
                found[0].of_row(0),
            )

        return Explainable(
            network,
            prepare=lambda text: [listening(read_clip(text, spec))],
            score=score_of_output,
            show=show,
            axes=2,
            targets=spec.class_names,
            layerwise=not _attends(model),
            # Time runs to the right, low notes lie at the bottom.
            images=lambda x: x.reshape(*x.shape[:3], -1).swapaxes(1, 2)[:, ::-1],
            read=lambda columns: listening(_model_inputs(columns)[0]),
        )

    @functools.lru_cache(maxsize=2)  # noqa: B019 - measured, then drawn: the same answers
    def _probabilities(self, model: keras.Model, data: Recordings, split: str) -> np.ndarray:
        """[N, C] for all examples of a split, in order."""
        return self._on(data[split], lambda x: classify(model, x))

    def _raw(self, examples: Examples, inputs: Callable[[tf.Tensor], Columns]) -> tf.data.Dataset:
        """What `inputs` makes of the waveforms of the examples, in batches."""
        batch_size = self.config.evaluation.batch_size
        return in_order(examples, batch_size, lambda columns: inputs(_model_inputs(columns)[0]))

    def _on(self, examples: Examples, function: Callable[[tf.Tensor], tf.Tensor]) -> np.ndarray:
        """What `function` makes of the waveforms of the examples, in order."""
        batches = in_order(examples, self.config.evaluation.batch_size, _model_inputs)
        return answers_in_order(function, batches)[1]


def _attends(model: keras.Model) -> bool:
    return any(layer.name == ATTENTION for layer in model.layers)


def _model_inputs(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
    return to_floats(columns["waveform"]), columns["label"]

"""Transcription: a recording in, what is said in it out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.base import Application
from dlapps.applications.transcription.answers import transcription_answers
from dlapps.applications.transcription.data import (
    Transcribed,
    TranscribedData,
    TranscribedSpec,
    load_transcribed,
)
from dlapps.applications.transcription.explanation import (
    explainable_recogniser,
    heard,
    read_waveform,
)
from dlapps.applications.transcription.pictures import alignment_figure, speakers_figure
from dlapps.applications.transcription.recogniser import DecodingSettings, Recogniser
from dlapps.applications.transcription.utterances import (
    at_other_speeds,
    by_length,
    network_inputs,
    network_targets,
    without_impossible,
)
from dlapps.config.schema import Config
from dlapps.data.audio.augmentation import augment_sound
from dlapps.data.batches import Columns, in_order
from dlapps.data.splits import Data, Examples
from dlapps.errors import in_short
from dlapps.explain.explainable import Explainable
from dlapps.export.answer import Answer
from dlapps.metrics.transcription import (
    error_rate_name,
    rate_by_speaker,
    transcription_report,
)
from dlapps.models.speech.ctc_crnn import ctc_crnn
from dlapps.models.speech.ctc_lstm import ctc_lstm
from dlapps.models.speech.transcriber import Transcriber
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage, with_decoded_scores

ERROR_RATE = "error_rate"
"""What transcripts can be chosen by while they are learned: of words, or of labels without any."""
NUM_PICTURES = 3


class TranscriptionConfig(Config):
    """The settings of a network that transcribes."""

    asked_with: ClassVar = ("decoding",)
    decoded_scores: ClassVar = {ERROR_RATE: "min"}

    data: TranscribedData
    decoding: DecodingSettings = DecodingSettings()


class Transcription(Application[TranscriptionConfig, TranscribedSpec]):
    """A recording in, its transcript out."""

    config_class = TranscriptionConfig
    spec_class = TranscribedSpec
    models = {"ctc_lstm": ctc_lstm, "ctc_crnn": ctc_crnn}  # noqa: RUF012

    def build_data(self) -> Transcribed:
        return load_transcribed(self.config.data)

    def build_model(self, spec: TranscribedSpec) -> Transcriber:
        builder = self.models[self.config.model["name"]]
        model = builder(spec.sample_rate, len(spec.letters), **self.config.model_options)
        model.compile(optimizer=build_optimizer(self.config.training))
        return model

    def stages(self, model: Transcriber, data: Transcribed) -> Iterator[Stage]:
        settings = self.config.data

        def prepared(columns: Columns) -> tuple[dict, dict]:
            return network_inputs(columns), network_targets(columns)

        def augmented(columns: Columns, draws: tf.Tensor) -> tuple[dict, dict]:
            inputs = at_other_speeds(network_inputs(columns), draws[:, 0], settings.speed)
            inputs["waveform"] = augment_sound(
                inputs["waveform"], draws[:, 1:], settings.augmentation, data.spec.sample_rate
            )
            return inputs, network_targets(columns)

        train = without_impossible(data["train"], model.count_frames, 1 + settings.speed)
        validation = by_length(without_impossible(data["validation"], model.count_frames))
        stage = supervised_stage(
            model,
            Data({"train": train, "validation": validation}, data.spec),
            self.config,
            prepared,
            augmented=augmented if settings.num_draws else None,
            num_draws=settings.num_draws,
            length="num_samples",
        )
        # Weights are compared often, and the likeliest path takes no search.
        greedy = Recogniser(model, data.spec, DecodingSettings(beam_width=1))
        rate = error_rate_name(data.spec.has_words)

        def scores() -> dict[str, float]:
            return {ERROR_RATE: self._report(greedy, data.spec, validation)[rate]}

        yield with_decoded_scores(stage, self.config, scores)

    def evaluate(self, model: Transcriber, data: Transcribed, split: str) -> dict[str, Any]:
        return self._report(self._recogniser(model, data.spec), data.spec, by_length(data[split]))

    def _report(
        self, recogniser: Recogniser, spec: TranscribedSpec, examples: Examples
    ) -> dict[str, Any]:
        transcripts = recogniser.transcripts(examples, self.config.evaluation.batch_size)
        references = [text.decode() for text in examples.columns["transcript"]]
        report = transcription_report(transcripts, references, spec.has_words)
        if "speaker" in examples.columns:
            speakers = [name.decode() for name in examples.columns["speaker"]]
            report["by_speaker"] = rate_by_speaker(
                transcripts, references, speakers, spec.has_words
            )
        return report

    def _recogniser(self, model: Transcriber, spec: TranscribedSpec) -> Recogniser:
        return Recogniser(model, spec, self.config.decoding)

    def answers(self, model: Transcriber, spec: TranscribedSpec) -> dict[str, Answer]:
        return transcription_answers(self._recogniser(model, spec), spec)

    def pictures(self, model: Transcriber, data: Transcribed) -> dict[str, Figure]:
        recogniser = self._recogniser(model, data.spec)
        shown = in_order(data["test"][:NUM_PICTURES], 1, lambda columns: columns)
        figures = {
            f"alignment_{number}": alignment_figure(
                f"Said: {example['transcript'].numpy()[0].decode()}",
                heard(recogniser, data.spec, _waveform_of(example)),
            )
            for number, example in enumerate(shown, 1)
        }
        if "speaker" in data["test"].columns:
            report = self.evaluate(model, data, "test")
            rate = error_rate_name(data.spec.has_words)
            figures["speakers"] = speakers_figure(report["by_speaker"], rate, report[rate])
        return figures

    def pictures_of(
        self, model: Transcriber, spec: TranscribedSpec, text: str, name: str
    ) -> dict[str, Figure]:
        found = heard(self._recogniser(model, spec), spec, read_waveform(text, spec))
        return {name: alignment_figure(in_short(Path(text).name), found)}

    def explainable(self, model: Transcriber, spec: TranscribedSpec) -> Explainable:
        return explainable_recogniser(self._recogniser(model, spec), spec)


def _waveform_of(example: Columns) -> np.ndarray:
    """The waveform [T] of a batch of one."""
    return network_inputs(example)["waveform"].numpy()[0, : int(example["num_samples"][0])]

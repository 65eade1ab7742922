"""Language: what comes next in a text, and text that goes on."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from dlapps.applications.base import Application
from dlapps.applications.language.answers import step_answer, writing_answer
from dlapps.applications.language.data import (
    LongText,
    LongTextSpec,
    TextData,
    load_text,
    numbers_of,
)
from dlapps.applications.language.looking import LookingInside
from dlapps.applications.language.measuring import Surprise, text_report
from dlapps.applications.language.pictures import samples_figure
from dlapps.applications.language.writing import Writer, WritingSettings
from dlapps.config.schema import Config, EvaluationSettings
from dlapps.config.section import BatchSize
from dlapps.data.splits import Examples
from dlapps.data.text.reading import how_read, read_text
from dlapps.data.text.windows import TextWindows
from dlapps.explain.explainable import Explainable
from dlapps.export.answer import Answer
from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy
from dlapps.metrics.label_accuracy import LabelAccuracy
from dlapps.models.text.language_model import LanguageModel
from dlapps.models.text.recurrent_language_model import recurrent_language_model
from dlapps.models.text.transformer_language_model import transformer_language_model
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage

EXCERPT, MOST_READ = 900, 6000
"""Tokens of the test split that are shown, and read to find what units keep track of."""
PROMPT, SAMPLE = 200, 300
TEMPERATURES = (0.5, 0.8, 1.0)


class LanguageEvaluation(EvaluationSettings):
    """How a language model is measured."""

    batch_size: BatchSize = 1
    """Readers among whom a text is divided; one reads all of it from its beginning."""


class LanguageConfig(Config):
    """The settings of a language model."""

    data: LongText
    evaluation: LanguageEvaluation = LanguageEvaluation()
    writing: WritingSettings = WritingSettings()

    asked_with: ClassVar = ("writing",)


class Language(Application[LanguageConfig, LongTextSpec]):
    """The beginning of a text in, what follows out."""

    config_class = LanguageConfig
    spec_class = LongTextSpec
    models = {  # noqa: RUF012
        "recurrent_language_model": recurrent_language_model,
        "transformer_language_model": transformer_language_model,
    }

    def build_data(self) -> TextData:
        return load_text(self.config.data)

    def to_inspect(self, data: TextData) -> dict[str, Examples]:
        """Each line that is not empty as a text."""
        vocabulary = data.spec.vocabulary()
        texts = {
            name: vocabulary.decode(split.columns["token"][None]).numpy()[0]
            for name, split in data.splits.items()
        }
        return {
            name: Examples({"text": np.array([line for line in text.split(b"\n") if line], object)})
            for name, text in texts.items()
        }

    def build_model(self, spec: LongTextSpec) -> LanguageModel:
        builder = self.models[self.config.model["name"]]
        model = builder(len(spec.vocabulary()), **self.config.model_options)
        model.compile(
            optimizer=build_optimizer(self.config.training),
            loss=SmoothedCrossentropy(),
            metrics=[LabelAccuracy()],
        )
        return model

    def stages(self, model: LanguageModel, data: TextData) -> Iterator[Stage]:
        settings = self.config.data
        model.carry(settings.batch_size)
        windows = TextWindows(
            data["train"].columns["token"],
            settings.batch_size,
            settings.truncation,
            self.config.seed,
            model.carried,
        )
        validation = Surprise(model, data["validation"].columns["token"], settings.batch_size)
        yield Stage("training", model, windows, self.config.training, validation)

    def evaluate(self, model: LanguageModel, data: TextData, split: str) -> dict[str, Any]:
        tokens = data[split].columns["token"]
        nats = Surprise(model, tokens, self.config.evaluation.batch_size).nats()
        read = data.spec.vocabulary().decode(tokens[None, 1:]).numpy()[0].decode()
        return text_report(nats, len(read))

    def answers(self, model: LanguageModel, spec: LongTextSpec) -> dict[str, Answer]:
        return {
            "serving_default": writing_answer(self._writer(model, spec), spec),
            "step": step_answer(model, spec),
        }

    def stream(self, model: LanguageModel, spec: LongTextSpec, text: str) -> Iterator[str]:
        writer = self._writer(model, spec)
        read_text(text, writer.vocabulary)
        how_read(text, writer.vocabulary)
        yield text
        yield from writer.stream(text)

    def pictures(self, model: LanguageModel, data: TextData) -> dict[str, Figure]:
        looking = LookingInside(model, data.spec)
        text = data["test"].columns["token"]
        return {
            "surprise": looking.surprise(text[:EXCERPT]),
            "samples": self._samples(model, data),
            **looking.tracking(text[:MOST_READ], EXCERPT // 2),
        }

    def pictures_of(
        self, model: LanguageModel, spec: LongTextSpec, text: str, name: str
    ) -> dict[str, Figure]:
        vocabulary = spec.vocabulary()
        read_text(text, vocabulary)
        how_read(text, vocabulary)
        looking, tokens = LookingInside(model, spec), numbers_of(text, vocabulary)
        figures = {**looking.gates(tokens), **looking.heads(tokens)}
        if len(tokens) > 1:
            figures["surprise"] = looking.surprise(tokens)
        return {f"{name}_{what}": figure for what, figure in figures.items()}

    def explainable(self, model: LanguageModel, spec: LongTextSpec) -> Explainable:
        return LookingInside(model, spec).explainable()

    def _samples(self, model: LanguageModel, data: TextData) -> Figure:
        """How a text of the test split goes on at several temperatures."""
        vocabulary = data.spec.vocabulary()
        tokens = data["test"].columns["token"][None, :PROMPT]
        text = vocabulary.decode(tokens).numpy()[0].decode()
        prompt = text[: text.rfind("\n") + 1] or text
        changes = ({"temperature": each, "length": SAMPLE} for each in TEMPERATURES)
        settings = [self.config.writing.model_copy(update=change) for change in changes]
        written = {
            each.temperature: "".join(Writer(model, vocabulary, each).stream(prompt))
            for each in settings
        }
        return samples_figure(prompt, written)

    def _writer(self, model: LanguageModel, spec: LongTextSpec) -> Writer:
        return Writer(model, spec.vocabulary(), self.config.writing)

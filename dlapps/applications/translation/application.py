"""Translation: a sentence in one language to the same sentence in another."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from pydantic import Field

from dlapps.applications.base import Application
from dlapps.applications.translation.data import (
    SentencePairs,
    SentencePairsSpec,
    load_sentence_pairs,
    shifted,
    teacher_forced,
    up_to_end,
)
from dlapps.applications.translation.pictures import attention_figure
from dlapps.config.schema import Config
from dlapps.config.section import Fraction, Positive, Section
from dlapps.data.batches import Batches, Columns, ShuffledBatches, in_order
from dlapps.data.splits import Examples, Splits
from dlapps.data.text.vocabulary import END, PADDING, START, UNKNOWN, Vocabulary
from dlapps.decoding.beam_search import beam_search
from dlapps.decoding.greedy import greedy
from dlapps.decoding.sequences import Decoded
from dlapps.errors import UsageError
from dlapps.export.parity import parity_tolerance
from dlapps.export.saved_model import write_saved_model
from dlapps.export.signature import Signature
from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy
from dlapps.metrics.translation import translation_report
from dlapps.models.text.attention_translator import attention_translator
from dlapps.progress import progress
from dlapps.training.optimizers import build_optimizer
from dlapps.training.steps import MetricsOn, Validation

NUM_PICTURES = 4
MEMORY = 3
"""How many of the encoder's outputs are its memory; the others are the decoder's first states."""


class DecodingSettings(Section):
    """How the likeliest translation is searched for."""

    beam_width: Positive = 5
    """Hypotheses that are followed at a time; 1 is greedy."""
    length_penalty: Annotated[float, Field(ge=0)] = 1.0
    """Hypotheses compete by log-probability / length ** this."""
    max_length: Positive = 100
    """Tokens at which a translation is cut."""


class TranslationConfig(Config):
    """The settings of a translator."""

    data: SentencePairs
    decoding: DecodingSettings = DecodingSettings()
    label_smoothing: Fraction = 0.0
    """Share of each target token's probability that training gives to all tokens alike."""


class Translation(Application):
    """A sentence in, its translation out."""

    Config = TranslationConfig
    Spec = SentencePairsSpec
    models = {"attention_translator": attention_translator}  # noqa: RUF012

    def build_data(self) -> Splits:
        return load_sentence_pairs(self.config.data)

    def build_model(self, spec: SentencePairsSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        sizes = (len(vocabulary) for vocabulary in spec.vocabularies())
        model = builder(*sizes, **self.config.model_options)
        model.compile(
            optimizer=build_optimizer(self.config.training),
            loss=SmoothedCrossentropy(self.config.label_smoothing),
            weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )
        return model

    def training_batches(self, model: keras.Model, data: Splits) -> Batches:
        return ShuffledBatches(
            data.train,
            self.config.data.batch_size,
            self.config.seed,
            lambda columns, draws: teacher_forced(columns),
            length="length",
        )

    def validation(self, model: keras.Model, data: Splits) -> Validation:
        batch_size = self.config.evaluation.batch_size
        return MetricsOn(model, in_order(_by_length(data.validation), batch_size, teacher_forced))

    def evaluate(self, model: keras.Model, examples: Examples, spec: SentencePairsSpec) -> dict:
        ordered = _by_length(examples)
        translate = self._translator(model, *spec.vocabularies())
        batches = in_order(ordered, self.config.evaluation.batch_size, _source_texts)
        answers = [
            translate(texts)["translation"].numpy() for texts in progress(batches, "Translating")
        ]
        return translation_report(
            [text.decode() for text in np.concatenate(answers)],
            [text.decode() for text in ordered.columns["target_text"]],
        )

    def predict(
        self, model: keras.Model, spec: SentencePairsSpec, inputs: Sequence[str], directory: Path
    ) -> list[dict]:
        if not all(sentence.strip() for sentence in inputs):
            raise UsageError("An empty sentence has no translation; this run takes sentences.")
        answers = self._translator(model, *spec.vocabularies())(tf.constant(list(inputs)))
        texts, scores = (answers[name].numpy().tolist() for name in ("translation", "score"))
        return [
            {"input": sentence, "translation": text.decode(), "score": score}
            for sentence, text, score in zip(inputs, texts, scores, strict=True)
        ]

    def export(self, model: keras.Model, spec: SentencePairsSpec, directory: Path) -> Path:
        vocabularies = spec.vocabularies()
        sentences = np.array([text.encode() for text in spec.common_sentences()], object)
        signature = Signature(
            self._translator(model, *vocabularies),
            tf.TensorSpec([None], tf.string, "sentences"),
            sentences,
            self._expected(model, *vocabularies, sentences),
        )
        signatures = {"serving_default": signature}
        return write_saved_model(directory, signatures, vocabularies, parity_tolerance(model))

    def pictures(self, model: keras.Model, data: Splits) -> dict[str, Figure]:
        texts = [text.decode() for text in data.test.columns["source_text"][:NUM_PICTURES]]
        return self.pictures_of(model, data.spec, texts)

    def pictures_of(
        self, model: keras.Model, spec: SentencePairsSpec, inputs: Sequence[str]
    ) -> dict[str, Figure]:
        source, target = spec.vocabularies()
        pictures = {}
        for number, sentence in enumerate(inputs, 1):
            ids = source.encode(tf.constant([sentence]))
            tokens = up_to_end(self._search(model, ids).tokens)
            weights = model.attention(ids, shifted(tokens))[0].numpy()
            pictures[f"attention_{number}"] = attention_figure(
                weights, source.shown(ids)[0], target.shown(tokens)[0]
            )
        return pictures

    def _translator(
        self, model: keras.Model, source: Vocabulary, target: Vocabulary
    ) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """From sentences [N] to their translations and scores, all of it inside the graph."""

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def translate(sentences: tf.Tensor) -> dict[str, tf.Tensor]:
            found = self._search(model, source.encode(sentences))
            return {"translation": target.decode(found.tokens), "score": found.scores}

        return translate

    def _search(self, model: keras.Model, source: tf.Tensor) -> Decoded:
        settings = self.config.decoding
        encoded = model.encoder(source)

        def step(last: tf.Tensor, states: list, memory: list) -> tuple[tf.Tensor, list]:
            logits, _, *states = model.decoder([last[:, None], *memory, *states])
            return _allowed(logits[:, 0]), states

        states, memory = encoded[MEMORY:], encoded[:MEMORY]
        limits = {"start": START, "end": END, **settings.model_dump(exclude={"beam_width"})}
        if settings.beam_width == 1:
            return greedy(step, states, memory, **limits)
        return beam_search(step, states, memory, beam_width=settings.beam_width, **limits)

    def _expected(
        self, model: keras.Model, source: Vocabulary, target: Vocabulary, sentences: np.ndarray
    ) -> dict[str, np.ndarray]:
        """What is found one sentence at a time, scored by Keras in one pass over the answer."""
        texts, scores = [], []
        for sentence in sentences:
            ids = source.encode(tf.constant([sentence]))
            tokens = up_to_end(self._search(model, ids).tokens)
            logits = model.predict({"source": ids, "target": shifted(tokens)}, verbose=0)
            chances = tf.nn.log_softmax(_allowed(tf.constant(logits)))[0].numpy()
            total = sum(row[token] for row, token in zip(chances, tokens[0].numpy(), strict=True))
            texts.append(target.decode(tokens).numpy()[0])
            scores.append(total / len(chances) ** self.config.decoding.length_penalty)
        return {"translation": np.array(texts, object), "score": np.array(scores, np.float32)}


def _allowed(logits: tf.Tensor) -> tf.Tensor:
    """The logits [..., tokens], those of tokens that say nothing made impossible."""
    forbidden = tf.one_hot([PADDING, START, UNKNOWN], tf.shape(logits)[-1], on_value=-1e9)
    return tf.cast(logits, tf.float32) + tf.reduce_sum(forbidden, axis=0)


def _source_texts(columns: Columns) -> tf.Tensor:
    return columns["source_text"]


def _by_length(examples: Examples) -> Examples:
    """The examples, the shortest first, so that those of a batch are about equally long."""
    return examples[np.argsort(examples.columns["length"], kind="stable")]

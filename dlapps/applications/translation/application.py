"""Translation: a sentence in one language to the same sentence in another."""

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from matplotlib.figure import Figure
from pydantic import Field

from dlapps.applications.base import Application
from dlapps.applications.translation.data import (
    SentencePairs,
    SentencePairsSpec,
    TranslatedExamples,
    load_sentence_pairs,
    shifted,
    teacher_forced,
    up_to_end,
)
from dlapps.applications.translation.numeric import network_answers
from dlapps.applications.translation.pictures import attention_figure, token_relevance_figure
from dlapps.config.schema import Config
from dlapps.config.section import Fraction, Positive, Section
from dlapps.data.batches import Columns, in_order
from dlapps.data.splits import Data, Examples
from dlapps.data.text.vocabulary import END, PADDING, START, UNKNOWN, Vocabulary
from dlapps.decoding.beam_search import beam_search
from dlapps.decoding.greedy import greedy
from dlapps.decoding.sequences import Decoded
from dlapps.errors import UsageError, in_short
from dlapps.explain.explainable import Explainable, Relevance
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind
from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy
from dlapps.metrics.label_accuracy import LabelAccuracy
from dlapps.metrics.translation import translation_report
from dlapps.models.text.attention_translator import attention_translator
from dlapps.progress import progress
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage

logger = logging.getLogger(__name__)

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


class Translation(Application[TranslationConfig, SentencePairsSpec]):
    """A sentence in, its translation out."""

    config_class = TranslationConfig
    spec_class = SentencePairsSpec
    models = {"attention_translator": attention_translator}  # noqa: RUF012

    def build_data(self) -> TranslatedExamples:
        return load_sentence_pairs(self.config.data)

    def build_model(self, spec: SentencePairsSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        sizes = (len(vocabulary) for vocabulary in spec.vocabularies())
        model = builder(*sizes, **self.config.model_options)
        model.compile(
            optimizer=build_optimizer(self.config.training),
            loss=SmoothedCrossentropy(self.config.label_smoothing),
            weighted_metrics=[LabelAccuracy()],
        )
        return model

    def stages(self, model: keras.Model, data: TranslatedExamples) -> Iterator[Stage]:
        splits = {**data.splits, "validation": _by_length(data["validation"])}
        data = Data(splits, data.spec)
        yield supervised_stage(model, data, self.config, teacher_forced, length="length")

    def evaluate(self, model: keras.Model, data: TranslatedExamples, split: str) -> dict[str, Any]:
        ordered = _by_length(data[split])
        translate = self.answers(model, data.spec)["serving_default"].traced()
        batches = in_order(ordered, self.config.evaluation.batch_size, _source_texts)
        translations = [
            translate(sentences=texts)["translation"].numpy()
            for texts in progress(batches, "Translating")
        ]
        return translation_report(
            [text.decode() for text in np.concatenate(translations)],
            [text.decode() for text in ordered.columns["target_text"]],
        )

    def answers(self, model: keras.Model, spec: SentencePairsSpec) -> dict[str, Answer]:
        source, target = spec.vocabularies()

        def translate(sentences: tf.Tensor) -> dict[str, tf.Tensor]:
            found = self._search(model)(self._ids(source, sentences))
            return {"translation": target.decode(found.tokens), "score": found.scores}

        def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
            return {
                "translation": outputs["translation"][0].decode(),
                "score": float(outputs["score"][0]),
                **self._how_read(source, text),
            }

        def example() -> tuple[Arrays, Arrays]:
            sentences = np.array([text.encode() for text in spec.example_sentences], object)
            return {"sentences": sentences}, self._expected(model, spec, sentences)

        return {
            "serving_default": Answer(
                inputs={"sentences": tf.TensorSpec([None], tf.string)},
                function=translate,
                example=example,
                read=lambda text: {"sentences": np.array([_read_sentence(text, source)], object)},
                show=show,
                takes="a sentence",
                resources=[source, target],
                input_kinds={"sentences": self._sentence_kind(spec)},
                output_kinds={
                    "translation": Kind("sentence", "the likeliest translation that was found"),
                    "score": Kind("numbers", "its log-probability, by its length to a power"),
                },
            )
        }

    def numeric_answers(self, model: keras.Model, spec: SentencePairsSpec) -> dict[str, Answer]:
        return network_answers(model, spec)

    def _sentence_kind(self, spec: SentencePairsSpec) -> Kind:
        longest, unit = self.config.data.max_length, spec.source_unit
        return Kind(
            "sentence",
            f"a sentence, of which the first {longest} {unit} are translated",
            {"examples": [*spec.example_sentences]},
        )

    def pictures(self, model: keras.Model, data: TranslatedExamples) -> dict[str, Figure]:
        texts = data["test"].columns["source_text"][:NUM_PICTURES]
        return {
            f"attention_{number}": self._attention(model, data.spec, text)
            for number, text in enumerate(texts, 1)
        }

    def pictures_of(
        self, model: keras.Model, spec: SentencePairsSpec, text: str, name: str
    ) -> dict[str, Figure]:
        source, _ = spec.vocabularies()
        sentence = _read_sentence(text, source)
        self._how_read(source, text)
        return {f"{name}_attention": self._attention(model, spec, sentence)}

    def _attention(self, model: keras.Model, spec: SentencePairsSpec, sentence: bytes) -> Figure:
        """Where the decoder looks in a sentence as it says each token of its translation."""
        source, target = spec.vocabularies()
        ids = self._ids(source, tf.constant([sentence]))
        tokens = self._translation(model, ids)
        weights = model.attention(ids, shifted(tokens))[0].numpy()
        return attention_figure(weights, source.shown(ids)[0], target.shown(tokens)[0])

    def explainable(self, model: keras.Model, spec: SentencePairsSpec) -> Explainable:
        source, target = spec.vocabularies()

        def prepare(text: str) -> list[tf.Tensor]:
            ids = self._ids(source, tf.constant([_read_sentence(text, source)]))
            said = self._translation(model, ids)
            started = tf.pad(said, [[0, 0], [1, 0]], constant_values=START)
            return [model.embedded(ids), ids, started]

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], _: int | None
        ) -> Figure:
            _, ids, started = inputs
            translation = target.decode(started[:, 1:]).numpy()[0].decode()
            return token_relevance_figure(translation, source.shown(ids)[0], found[0].of_row(0))

        def score(log_probabilities: tf.Tensor, target: int | None = None) -> tf.Tensor:
            return tf.reduce_sum(log_probabilities, axis=-1)

        return Explainable(
            _log_probabilities(model),
            prepare,
            score,
            show,
            axes=1,
            layerwise=False,
            words={
                "encoder/source_embedding": source.shown(tf.range(len(source))[None])[0],
                "decoder/target_embedding": target.shown(tf.range(len(target))[None])[0],
            },
        )

    def _ids(self, source: Vocabulary, sentences: tf.Tensor) -> tf.Tensor:
        """The ids [N, T] of sentences [N], none longer than those that were learned from."""
        return source.encode(sentences, self.config.data.max_length)

    def _how_read(self, source: Vocabulary, text: str) -> dict[str, Any]:
        """The `unknown` tokens of a sentence and, where it is cut, the number of `tokens_left_out`.

        Both are also said in the log.
        """
        tokens, known = source.read(text)
        longest = self.config.data.max_length
        unknown = [tokens[i] for i in range(min(len(tokens), longest)) if not known[i]]
        record: dict[str, Any] = {"unknown": list(dict.fromkeys(unknown))}
        if record["unknown"]:
            logger.warning(
                "'%s': this run never learned %s.",
                in_short(text), in_short(", ".join(record["unknown"])),
            )  # fmt: skip
        if len(tokens) > longest:
            logger.warning(
                "'%s' has %d tokens; only the first %d are translated.",
                in_short(text), len(tokens), longest,
            )  # fmt: skip
            record["tokens_left_out"] = len(tokens) - longest
        return record

    @functools.lru_cache(maxsize=1)  # noqa: B019 - one graph for all that is asked of a model
    def _search(self, model: keras.Model) -> Callable[[tf.Tensor], Decoded]:
        """From the ids [N, T] of sentences to the translations that are found for them."""
        settings = self.config.decoding
        limits = {"start": START, "end": END, **settings.model_dump(exclude={"beam_width"})}

        def step(last: tf.Tensor, states: list, memory: list) -> tuple[tf.Tensor, list]:
            logits, _, *states = model.decoder([last[:, None], *memory, *states])
            return _allowed(logits[:, 0]), states

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
        def search(source: tf.Tensor) -> Decoded:
            encoded = model.encoder(source)
            states, memory = encoded[MEMORY:], encoded[:MEMORY]
            if settings.beam_width == 1:
                return greedy(step, states, memory, **limits)
            return beam_search(step, states, memory, beam_width=settings.beam_width, **limits)

        return search

    def _translation(self, model: keras.Model, source: tf.Tensor) -> tf.Tensor:
        """The tokens [1, U], up to their END, that are found for the ids [1, T] of a sentence."""
        return up_to_end(self._search(model)(source).tokens)

    def _expected(
        self, model: keras.Model, spec: SentencePairsSpec, sentences: np.ndarray
    ) -> dict[str, np.ndarray]:
        """What is found one sentence at a time, scored by Keras in one pass over the answer."""
        source, target = spec.vocabularies()
        texts, scores = [], []
        for sentence in sentences:
            ids = self._ids(source, tf.constant([sentence]))
            tokens = self._translation(model, ids)
            logits = model.predict({"source": ids, "target": shifted(tokens)}, verbose=0)
            chances = tf.nn.log_softmax(_allowed(tf.constant(logits)))[0].numpy()
            total = sum(row[token] for row, token in zip(chances, tokens[0].numpy(), strict=True))
            texts.append(target.decode(tokens).numpy()[0])
            scores.append(total / len(chances) ** self.config.decoding.length_penalty)
        return {"translation": np.array(texts, object), "score": np.array(scores, np.float32)}


def _log_probabilities(model: keras.Model) -> keras.Model:
    """From what `model.after_embedding()` takes to how likely each token [N, U] of the target is.

    U counts the tokens after the first, each judged by those before it.
    """
    network = model.after_embedding()
    *_, target = network.inputs
    chances = ops.log_softmax(_allowed(network.outputs[0][:, :-1]))
    said = ops.take_along_axis(chances, target[:, 1:, None], axis=-1)
    return keras.Model(network.inputs, said[..., 0], name="log_probabilities")


def _allowed(logits: tf.Tensor) -> tf.Tensor:
    """The logits [..., tokens], those of tokens that say nothing made impossible."""
    forbidden = np.zeros(logits.shape[-1], np.float32)
    forbidden[[PADDING, START, UNKNOWN]] = -1e9
    return ops.cast(logits, "float32") + forbidden


def _source_texts(columns: Columns) -> tf.Tensor:
    return columns["source_text"]


def _by_length(examples: Examples) -> Examples:
    """The examples, the shortest first, so that those of a batch are about equally long."""
    return examples[np.argsort(examples.columns["length"], kind="stable")]


def _read_sentence(text: str, source: Vocabulary) -> bytes:
    """The sentence in UTF-8."""
    try:
        sentence = text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"'{in_short(text)}' is not valid Unicode; this run takes sentences."
        ) from error
    if not source.read(text)[0]:
        raise UsageError(
            f"'{in_short(text)}' has no word in it to be translated; this run takes sentences."
        )
    return sentence

"""Translation: a sentence in one language to the same sentence in another."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from matplotlib.figure import Figure

from dlapps.applications.base import Application
from dlapps.applications.translation.data import (
    SentencePairs,
    SentencePairsSpec,
    TranslatedExamples,
    load_sentence_pairs,
    source_lengths,
    teacher_forced,
)
from dlapps.applications.translation.numeric import network_answers
from dlapps.applications.translation.pictures import (
    attention_figure,
    bleu_by_length_figure,
    token_relevance_figure,
)
from dlapps.applications.translation.translator import Translator
from dlapps.config.schema import Config
from dlapps.config.section import Fraction
from dlapps.data.splits import Data, Examples
from dlapps.data.text.likeliest import DecodingSettings, allowed
from dlapps.data.text.sequences import shifted
from dlapps.data.text.vocabulary import START
from dlapps.explain.explainable import Explainable, Relevance
from dlapps.explain.figures.attention_heads import attention_heads_figure
from dlapps.explain.methods.attention_weights import attention_rollout, attention_weights
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind
from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy
from dlapps.metrics.label_accuracy import LabelAccuracy
from dlapps.metrics.translation import bleu_by_length, translation_report
from dlapps.models.text.attention_translator import attention_translator
from dlapps.models.text.encoder_decoder import encoder_decoder
from dlapps.models.text.transformer_blocks import attention_layers
from dlapps.models.text.transformer_translator import transformer_translator
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage, with_decoded_scores

NUM_PICTURES = 4


class TranslationConfig(Config):
    """The settings of a translator."""

    data: SentencePairs
    decoding: DecodingSettings = DecodingSettings()
    label_smoothing: Fraction = 0.0
    """Share of each target token's probability that training gives to all tokens alike."""

    asked_with: ClassVar = ("decoding",)
    decoded_scores: ClassVar = {"bleu": "max", "chrf": "max"}


class Translation(Application[TranslationConfig, SentencePairsSpec]):
    """A sentence in, its translation out."""

    config_class = TranslationConfig
    spec_class = SentencePairsSpec
    models = {  # noqa: RUF012
        "attention_translator": attention_translator,
        "encoder_decoder": encoder_decoder,
        "transformer_translator": transformer_translator,
    }

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
        validation = _by_length(data["validation"])
        data = Data({**data.splits, "validation": validation}, data.spec)
        stage = supervised_stage(model, data, self.config, teacher_forced, length="length")
        translator = self._translator(model, data.spec)

        def scores() -> dict[str, float]:
            return translation_report(*self._translated(translator, validation))

        yield with_decoded_scores(stage, self.config, scores)

    def evaluate(self, model: keras.Model, data: TranslatedExamples, split: str) -> dict[str, Any]:
        ordered = _by_length(data[split])
        pairs = self._translated(self._translator(model, data.spec), ordered)
        lengths = source_lengths(ordered)
        return {
            **translation_report(*pairs),
            "sentences_cut": sum(length > self.config.data.max_length for length in lengths),
            "bleu_by_length": bleu_by_length(*pairs, lengths),
        }

    def _translated(
        self, translator: Translator, examples: Examples
    ) -> tuple[list[str], list[str]]:
        """The translations of examples, and what they should be."""
        return (
            translator.translations(examples, self.config.evaluation.batch_size),
            [text.decode() for text in examples.columns["target_text"]],
        )

    def _translator(self, model: keras.Model, spec: SentencePairsSpec) -> Translator:
        return Translator(model, spec, self.config.decoding, self.config.data.max_length)

    def answers(self, model: keras.Model, spec: SentencePairsSpec) -> dict[str, Answer]:
        translator = self._translator(model, spec)

        def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
            return {**translator.hypotheses.record(outputs), **translator.how_read(text)}

        def example() -> tuple[Arrays, Arrays]:
            sentences = [text.encode() for text in spec.example_sentences]
            return {"sentences": np.array(sentences, object)}, translator.expected(sentences)

        return {
            "serving_default": Answer(
                inputs={"sentences": tf.TensorSpec([None], tf.string)},
                function=translator.translate,
                example=example,
                read=lambda text: {"sentences": np.array([translator.read(text)], object)},
                show=show,
                takes="a sentence",
                resources=[translator.source, translator.target],
                input_kinds={"sentences": self._sentence_kind(spec)},
                output_kinds=translator.hypotheses.kinds(),
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
        translator, test = self._translator(model, data.spec), _by_length(data["test"])
        buckets = bleu_by_length(*self._translated(translator, test), source_lengths(test))
        texts = data["test"].columns["source_text"][:NUM_PICTURES]
        attentions = _attentions(
            translator, {f"attention_{number}": text for number, text in enumerate(texts, 1)}
        )
        lengths = bleu_by_length_figure(buckets, data.spec.source_unit)
        return {**attentions, "bleu_by_length": lengths}

    def pictures_of(
        self, model: keras.Model, spec: SentencePairsSpec, text: str, name: str
    ) -> dict[str, Figure]:
        translator = self._translator(model, spec)
        sentence = translator.read(text)
        translator.how_read(text)
        figures = _attentions(translator, {f"{name}_attention": sentence})
        layers = attention_layers(translator.model.encoder)
        if layers:
            figures[f"{name}_heads"] = _heads(translator, sentence, layers)
        return figures

    def explainable(self, model: keras.Model, spec: SentencePairsSpec) -> Explainable:
        translator = self._translator(model, spec)
        source, target = translator.source, translator.target

        def prepare(text: str) -> list[tf.Tensor]:
            ids = translator.ids(tf.constant([translator.read(text)]))
            said = translator.likeliest(ids)
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


def _attentions(translator: Translator, sentences: Mapping[str, bytes]) -> dict[str, Figure]:
    """Where a decoder that looks back looks as it says each token of a sentence's translation."""
    if not translator.model.looks_back:
        return {}
    figures = {}
    for name, sentence in sentences.items():
        ids = translator.ids(tf.constant([sentence]))
        tokens = translator.likeliest(ids)
        weights = translator.model.attention(ids, shifted(tokens))[0].numpy()
        figures[name] = attention_figure(
            weights, translator.source.shown(ids)[0], translator.target.shown(tokens)[0]
        )
    return figures


def _heads(translator: Translator, sentence: bytes, layers: Sequence[str]) -> Figure:
    """Where the heads of these layers of the encoder look in a sentence."""
    ids = translator.ids(tf.constant([sentence]))
    weights = attention_weights(translator.model.encoder, [ids], layers)
    heads = {layer: each[0] for layer, each in weights.items()}
    return attention_heads_figure(
        translator.source.shown(ids)[0], heads, attention_rollout(weights)[0]
    )


def _log_probabilities(model: keras.Model) -> keras.Model:
    """From what `model.after_embedding()` takes to how likely each token [N, U] of the target is.

    U counts the tokens after the first, each judged by those before it.
    """
    network = model.after_embedding()
    *_, target = network.inputs
    chances = ops.log_softmax(allowed(network.outputs[0][:, :-1]))
    said = ops.take_along_axis(chances, target[:, 1:, None], axis=-1)
    return keras.Model(network.inputs, said[..., 0], name="log_probabilities")


def _by_length(examples: Examples) -> Examples:
    """The examples, the shortest first, so that those of a batch are about equally long."""
    return examples[np.argsort(examples.columns["length"], kind="stable")]

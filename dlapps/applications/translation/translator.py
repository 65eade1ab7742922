"""A network with its vocabularies and its search: sentences in, their translations out."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.applications.translation.data import SentencePairsSpec
from dlapps.data.batches import Columns, in_order
from dlapps.data.splits import Examples
from dlapps.data.text.likeliest import (
    DecodingSettings,
    best_texts,
    best_tokens,
    compiled_decoding,
    score_of,
)
from dlapps.data.text.reading import how_read, read_text
from dlapps.data.text.sequences import shifted, up_to_end
from dlapps.decoding.sequences import Decoded
from dlapps.export.answer import Arrays
from dlapps.export.hypotheses import Hypotheses
from dlapps.models.text.translation_model import TranslationModel
from dlapps.progress import progress


class Translator:
    """How sentences are read, of which the first `longest` tokens count, and translated."""

    def __init__(
        self,
        model: TranslationModel,
        spec: SentencePairsSpec,
        settings: DecodingSettings,
        longest: int,
    ):
        self.model = model
        self.source, self.target = spec.vocabularies()
        self.hypotheses = Hypotheses("translation", settings.n_best)
        self._settings, self._longest = settings, longest

    def read(self, text: str) -> bytes:
        """The sentence in UTF-8; raises UsageError where there is none."""
        return read_text(text, self.source)

    def how_read(self, text: str) -> dict[str, Any]:
        """What of a sentence is unknown or left out, which is also said in the log."""
        return how_read(text, self.source, self._longest)

    def ids(self, sentences: tf.Tensor) -> tf.Tensor:
        """The ids [N, T] of sentences [N], none longer than those that were learned from."""
        return self.source.encode(sentences, self._longest)

    def translate(self, sentences: tf.Tensor) -> dict[str, tf.Tensor]:
        """The `translation` [N] that is found for sentences [N], and what comes with it."""
        found = self._search(self.ids(sentences))
        return self.hypotheses.answer(*best_texts(found, self.target, self._settings.n_best))

    def translations(self, examples: Examples, batch_size: int) -> list[str]:
        """The translation of each example, of which those of a batch should be equally long."""
        batches = progress(in_order(examples, batch_size, _source_texts), "Translating")
        found = [self._graph(texts)["translation"].numpy() for texts in batches]
        return [text.decode() for text in np.concatenate(found)]

    def likeliest(self, source: tf.Tensor) -> tf.Tensor:
        """The tokens [1, U], up to their END, that are found for the ids [1, T] of a sentence."""
        return up_to_end(self._search(source).tokens[:, 0])

    def expected(self, sentences: Sequence[bytes]) -> Arrays:
        """What is found one sentence at a time, scored by Keras in one pass over the answer."""
        texts, scores = zip(*(self._found_alone(each) for each in sentences), strict=True)
        return self.hypotheses.answer(np.array(texts, object), np.array(scores, np.float32))

    def _found_alone(self, sentence: bytes) -> tuple[list[bytes], list[float]]:
        """The texts that are found for a sentence, and their scores."""
        ids = self.ids(tf.constant([sentence]))
        texts, scores = [], []
        for padded in best_tokens(self._search(ids), self._settings.n_best):
            tokens = up_to_end(padded)
            logits = self.model.predict({"source": ids, "target": shifted(tokens)}, verbose=0)
            texts.append(self.target.decode(tokens).numpy()[0])
            scores.append(score_of(tokens, logits, self._settings.length_penalty))
        return texts, scores

    @functools.cached_property
    def _graph(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        return tf.function(self.translate, input_signature=[tf.TensorSpec([None], tf.string)])

    @property
    def _search(self) -> Callable[[tf.Tensor], Decoded]:
        ids = tf.TensorSpec([None, None], tf.int32)
        return compiled_decoding(self.model, ids, self._settings)


def _source_texts(columns: Columns) -> tf.Tensor:
    return columns["source_text"]

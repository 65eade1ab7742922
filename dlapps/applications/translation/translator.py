"""A network with its vocabularies and its search: sentences in, their translations out."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.applications.translation.data import SentencePairsSpec
from dlapps.data.batches import Columns, in_order
from dlapps.data.splits import Examples
from dlapps.data.text.likeliest import DecodingSettings, allowed, compiled_decoding
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
        self.hypotheses = Hypotheses("translation", self.target, settings.n_best)
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
        return self.hypotheses.answer(self._search(self.ids(sentences)))

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
        ids = [self.ids(tf.constant([sentence])) for sentence in sentences]
        return self.hypotheses.expected([self._expected_row(each) for each in ids])

    def _expected_row(self, ids: tf.Tensor) -> list[tuple[bytes, float]]:
        """The texts and scores of what is found for the ids [1, T] of a sentence."""
        found = self.hypotheses.tokens(self._search(ids))
        return [self._scored(ids, up_to_end(tokens)) for tokens in found]

    def _scored(self, ids: tf.Tensor, tokens: tf.Tensor) -> tuple[bytes, float]:
        logits = self.model.predict({"source": ids, "target": shifted(tokens)}, verbose=0)
        chances = tf.nn.log_softmax(allowed(tf.constant(logits)))[0].numpy()
        total = sum(row[token] for row, token in zip(chances, tokens[0].numpy(), strict=True))
        score = total / len(chances) ** self._settings.length_penalty
        return self.target.decode(tokens).numpy()[0], score

    @functools.cached_property
    def _graph(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        return tf.function(self.translate, input_signature=[tf.TensorSpec([None], tf.string)])

    @property
    def _search(self) -> Callable[[tf.Tensor], Decoded]:
        ids = tf.TensorSpec([None, None], tf.int32)
        return compiled_decoding(self.model, ids, self._settings)


def _source_texts(columns: Columns) -> tf.Tensor:
    return columns["source_text"]

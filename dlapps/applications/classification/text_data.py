"""Texts as a classifier learns from them: the numbers of their tokens, by a vocabulary of train."""

import logging
from typing import Literal

import numpy as np
import tensorflow as tf

from dlapps.config.section import Positive, Section
from dlapps.data.images.labelled import LabelledSpec
from dlapps.data.splits import Data, Examples
from dlapps.data.text.subwords import Merges
from dlapps.data.text.vocabulary import Vocabulary, learn_tokens

logger = logging.getLogger(__name__)

NUM_EXAMPLES = 3

Unit = Literal["words", "characters", "subwords"]


class TextSettings(Section):
    """How texts are read."""

    unit: Unit = "words"
    """What a token is."""
    num_merges: Positive = 2000
    """subwords: how often the two that are neighbours most often are made one."""
    min_count: Positive = 1
    """How often a token must occur in the training data to be known."""
    max_length: Positive = 200
    """Tokens of a text that are read; the rest is left out."""


class TextSpec(Section):
    """What a classifier must know of its texts."""

    unit: Unit
    tokens: tuple[str, ...]
    merges: Merges = ()
    """subwords: which two are made one, in this order."""
    max_length: Positive
    """Tokens of a text that are read."""
    examples: tuple[str, ...]
    """Real texts of several lengths, to compare two models by."""

    def vocabulary(self) -> Vocabulary:
        """The tokens with their numbers."""
        return Vocabulary(self.tokens, self.unit, self.merges)


class ClassifierSpec(LabelledSpec):
    """What a classifier must know of its data."""

    text: TextSpec | None = None
    """None of images and points."""


ClassifierExamples = Data[Examples, ClassifierSpec]


def with_tokens(data: ClassifierExamples, reading: TextSettings) -> ClassifierExamples:
    """Texts with two columns more, `tokens` int32 [N, T] and their `length`, and a spec of both.

    The vocabulary is that of train alone.
    """
    known = [text.decode() for text in data["train"].columns["text"]]
    tokens, merges = learn_tokens(known, reading.unit, reading.min_count, reading.num_merges)
    vocabulary = Vocabulary(tokens, reading.unit, merges)
    splits = {
        split: _encoded(split, examples, vocabulary, reading.max_length)
        for split, examples in data.splits.items()
    }
    text = TextSpec(
        unit=reading.unit,
        tokens=tokens,
        merges=merges,
        max_length=reading.max_length,
        examples=_of_several_lengths(splits["validation"]),
    )
    return Data(splits, data.spec.model_copy(update={"text": text}))


def _encoded(split: str, examples: Examples, vocabulary: Vocabulary, longest: int) -> Examples:
    texts = tf.constant(examples.columns["text"])
    length = vocabulary.lengths(texts).numpy()
    if (length > longest).any():
        logger.warning(
            "%d of %d texts of %s have more than %d tokens; the rest of these is not read.",
            (length > longest).sum(), len(length), split, longest,
        )  # fmt: skip
    read = {
        "tokens": vocabulary.encode(texts, longest).numpy(),
        "length": np.minimum(length, longest).astype(np.int32),
    }
    return Examples({**examples.columns, **read}, names=examples.names)


def _of_several_lengths(examples: Examples) -> tuple[str, ...]:
    """The shortest text, one in between and the longest, as far as they differ."""
    order = np.argsort(examples.columns["length"], kind="stable")
    rows = order[np.linspace(0, len(order) - 1, NUM_EXAMPLES).astype(int)]
    return tuple(dict.fromkeys(examples.columns["text"][row].decode() for row in rows))

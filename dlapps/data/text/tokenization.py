"""Text to tokens and back in TensorFlow's own string operations, so that a SavedModel does both."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from dlapps.data.text.composition import composed

JOINER = "\uffed"
"""Stands on the side of a punctuation mark where the text had no space: `t-shirt.` becomes
`t`, `￭-￭`, `shirt`, `￭.`, which can be undone."""
_SPACE = " "
_BREAK = "\x01"


class Unit(NamedTuple):
    """What one token is."""

    split: Callable[[tf.Tensor], tf.RaggedTensor]
    """Texts [N] to tokens [N, None]."""
    join: Callable[[tf.Tensor], tf.Tensor]
    """Tokens [N, T], among which empty ones count for nothing, to texts [N]."""


def normalize(texts: tf.Tensor) -> tf.Tensor:
    """The texts in lower case, without control characters, with single spaces between words.

    A letter and its mark are one character, however they were typed.
    """
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    texts = tf.strings.regex_replace(texts, rf"[\s\pZ\p{{Cc}}{JOINER}]+", _SPACE)
    return tf.strings.lower(composed(tf.strings.strip(texts)), encoding="utf-8")


def split_words(texts: tf.Tensor) -> tf.RaggedTensor:
    """The words and punctuation marks of each text; see JOINER."""
    marked = tf.strings.regex_replace(
        normalize(texts), r"([^\pL\pM\pN ])", rf"{_BREAK}{JOINER}\1{JOINER}{_BREAK}"
    )
    # Where a space or the text's border is, nothing has to be joined.
    for pattern in (rf"( |^){_BREAK}{JOINER}", rf"{JOINER}{_BREAK}( |$)"):
        marked = tf.strings.regex_replace(marked, pattern, _SPACE)
    return tf.strings.split(tf.strings.regex_replace(marked, f"{_BREAK}+", _SPACE))


def join_words(tokens: tf.Tensor) -> tf.Tensor:
    """The texts that `split_words` would have split into `tokens`, but for case and spacing."""
    texts = tf.strings.reduce_join(tokens, axis=-1, separator=_SPACE)
    return tf.strings.strip(tf.strings.regex_replace(texts, f" *{JOINER} *", ""))


def split_characters(texts: tf.Tensor) -> tf.RaggedTensor:
    """The characters of each text, the spaces between words among them."""
    return tf.strings.unicode_split(normalize(texts), "UTF-8")


def join_characters(tokens: tf.Tensor) -> tf.Tensor:
    """The texts of which `tokens` are the characters."""
    return tf.strings.reduce_join(tokens, axis=-1)


def split_exactly(texts: tf.Tensor) -> tf.RaggedTensor:
    """The characters of each text as it is written, line breaks among them."""
    return tf.strings.unicode_split(texts, "UTF-8")


def split_at_spaces(texts: tf.Tensor) -> tf.RaggedTensor:
    """What stands between the spaces of each text as it is written, line breaks as tokens."""
    spaced = tf.strings.regex_replace(texts, r"[\pZ\t\v\f\r]+", _SPACE)
    tokens = tf.strings.split(tf.strings.regex_replace(spaced, r"\n", " \n "), _SPACE)
    return tf.ragged.boolean_mask(tokens, tokens != "")


def join_at_spaces(tokens: tf.Tensor) -> tf.Tensor:
    """The texts that `split_at_spaces` would have split into `tokens`, but for how it is spaced."""
    tokens = tf.ragged.boolean_mask(tokens, tokens != "")
    texts = tf.strings.reduce_join(tokens, axis=-1, separator=_SPACE)
    return tf.strings.regex_replace(texts, r" ?\n ?", "\n")


UNITS = {
    "words": Unit(split_words, join_words),
    "characters": Unit(split_characters, join_characters),
    "written_words": Unit(split_at_spaces, join_at_spaces),
    "written_characters": Unit(split_exactly, join_characters),
}

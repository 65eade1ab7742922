"""Letters and their marks as one character, where Unicode has it (its form NFC), in the graph."""

import functools
import unicodedata
from collections.abc import Iterator

import tensorflow as tf

COMPOSABLE = r"[\pM\x{1161}-\x{1175}\x{11a8}-\x{11c2}]"
"""What is part of another character: marks, and the second and third letters of Hangul."""
_SHIFT = 2**21
"""More than there are characters."""


def composed(texts: tf.Tensor) -> tf.Tensor:
    """The texts [N] in UTF-8, without zeros, each letter made one with the marks that follow it.

    Marks are taken in the order in which they stand, as most programs write them.
    """
    has_parts = tf.strings.regex_full_match(texts, f"(?s).*{COMPOSABLE}.*")
    return tf.cond(tf.reduce_any(has_parts), lambda: _composed(texts), lambda: texts)


def _composed(texts: tf.Tensor) -> tf.Tensor:
    pairs, wholes = (tf.constant(column, tf.int64) for column in zip(*_compositions(), strict=True))

    def wholes_of(codes: tf.Tensor) -> tf.Tensor:
        """The one character for each and the next, or 0."""
        keys = codes[:, :-1] * _SHIFT + codes[:, 1:]
        places = tf.minimum(tf.searchsorted(pairs, tf.reshape(keys, [-1])), len(pairs) - 1)
        places = tf.reshape(places, tf.shape(keys))
        found = tf.where(tf.gather(pairs, places) == keys, tf.gather(wholes, places), 0)
        return tf.pad(found, [[0, 0], [0, 1]])

    def compose(codes: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        is_part = tf.pad(found[:, :-1] > 0, [[0, 0], [1, 0]])
        whole = tf.ragged.boolean_mask(tf.where(found > 0, found, codes), ~is_part)
        codes = whole.to_tensor(0)
        return codes, wholes_of(codes)

    codes = tf.cast(tf.strings.unicode_decode(texts, "UTF-8").to_tensor(0), tf.int64)
    codes, _ = tf.while_loop(
        lambda _, found: tf.reduce_any(found > 0),
        compose,
        (codes, wholes_of(codes)),
        shape_invariants=(tf.TensorShape([None, None]), tf.TensorShape([None, None])),
    )
    characters = tf.ragged.boolean_mask(tf.cast(codes, tf.int32), codes > 0)
    return tf.strings.unicode_encode(characters, "UTF-8")


@functools.cache
def _compositions() -> tuple[tuple[int, int], ...]:
    """Each two characters that are one, as a number, and that one; by the numbers."""
    return tuple(sorted(_composed_pairs()))


def _composed_pairs() -> Iterator[tuple[int, int]]:
    # No script of today has any elsewhere.
    for code in (*range(0x3100), *range(0xAC00, 0xD7A4)):
        whole = chr(code)
        parts = unicodedata.normalize("NFD", whole)
        if len(parts) > 1 and unicodedata.normalize("NFC", parts) == whole:
            first = unicodedata.normalize("NFC", parts[:-1])
            if len(first) == 1:
                yield ord(first) * _SHIFT + ord(parts[-1]), code

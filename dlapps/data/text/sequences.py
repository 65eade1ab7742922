"""The numbers of tokens, as networks that say them learn from and answer with them."""

import tensorflow as tf

from dlapps.data.text.vocabulary import END, PADDING, START


def trimmed(ids: tf.Tensor) -> tf.Tensor:
    """The ids [N, T] without the columns in which all are padding."""
    return ids[:, : tf.reduce_max(tf.math.count_nonzero(ids != PADDING, axis=1))]


def shifted(tokens: tf.Tensor) -> tf.Tensor:
    """Before each of the tokens [N, U], the token before it; START before the first."""
    return tf.pad(tokens[:, :-1], [[0, 0], [1, 0]], constant_values=START)


def up_to_end(tokens: tf.Tensor) -> tf.Tensor:
    """One sequence [1, L] of tokens without what follows its first END."""
    ends_before = tf.math.cumsum(tf.cast(tokens == END, tf.int32), axis=1, exclusive=True)
    return tokens[:, : tf.math.count_nonzero(ends_before == 0)]

"""What a decoder reads while it learns: the true tokens before each it is to say."""

import tensorflow as tf

from dlapps.data.batches import Columns
from dlapps.data.vocabulary import END, PADDING, START


def teacher_forced(columns: Columns) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
    """A batch for a translator's `train_step`: (inputs, the tokens it is to say, their weights).

    The inputs are `source` [N, T] and `target` [N, U], trimmed to the longest of the batch; the
    weights are 0 at padding.
    """
    source, target = _trimmed(columns["source"]), _trimmed(columns["target"])
    weights = tf.cast(target != PADDING, tf.float32)
    return {"source": source, "target": shifted(target)}, target, weights


def shifted(tokens: tf.Tensor) -> tf.Tensor:
    """Before each of the tokens [N, U], the token before it; START before the first."""
    return tf.pad(tokens[:, :-1], [[0, 0], [1, 0]], constant_values=START)


def up_to_end(tokens: tf.Tensor) -> tf.Tensor:
    """One sequence [1, L] of tokens without what follows its first END."""
    ends_before = tf.math.cumsum(tf.cast(tokens == END, tf.int32), axis=1, exclusive=True)
    return tokens[:, : tf.math.count_nonzero(ends_before == 0)]


def _trimmed(ids: tf.Tensor) -> tf.Tensor:
    """The ids [N, T] without the columns in which all are padding."""
    return ids[:, : tf.reduce_max(tf.math.count_nonzero(ids != PADDING, axis=1))]

"""Attention of several heads (Vaswani et al. 2017, "Attention is all you need"), with rotary places
if wanted (Su et al. 2021, "RoFormer: Enhanced transformer with rotary position embedding")."""

import keras
import tensorflow as tf
from keras import layers

ABSENT, OUT_OF_SIGHT = -1e9, -2e9
"""What is added to a score so that it counts for nothing. A query that finds nothing present looks
at all of the past alike; it still does not look ahead."""


@keras.saving.register_keras_serializable("dlapps")
class MultiHeadAttention(layers.Layer):
    """Each query looks at a sequence of keys, with several heads, and returns what it found there.

    Called with queries [N, U, E], keys and values as one tensor [N, T, 2 E], keys first, and which
    of them are present (bool [N, T]; None: all), it returns outputs [N, U, E] and the attention
    weights of each head, float32 [N, heads, U, T]. The layer multiplies the queries and the outputs
    only: one Dense(2 E) outside makes keys and values, so that those of a memory are computed once,
    and those of earlier steps can be joined in front of new ones.

    `causal`: the queries are those of the last U of T places, and none sees what comes after it,
    nor, where `span` is given, what is more than so many places before it.
    `rotary`: keys and queries are turned by their places, so that a score depends on how far apart
    they are; the sequence outside stays unturned, and its first places may be dropped.
    `dropout` is of attention weights; those returned are from before it.
    """

    def __init__(
        self,
        num_heads: int,
        dropout: float = 0.0,
        causal: bool = False,
        rotary: bool = False,
        span: int | None = None,
        **options,
    ):
        super().__init__(**options)
        self.span = span
        self.num_heads, self.dropout_rate = num_heads, dropout
        self.causal, self.rotary = causal, rotary
        self.dropout = layers.Dropout(dropout, dtype=self.dtype_policy, name="dropout")

    def build(self, queries_shape, keys_values_shape, present_shape=None):
        size = queries_shape[-1]
        if size % self.num_heads:
            raise ValueError(f"{self.num_heads} heads cannot share {size} channels evenly.")
        if self.rotary and size // self.num_heads % 2:
            raise ValueError(
                f"Rotary places turn channels in pairs; each of {self.num_heads} heads has "
                f"{size // self.num_heads} channels."
            )
        if keys_values_shape[-1] != 2 * size:
            raise ValueError(
                f"For queries of {size} channels, keys and values together must have {2 * size}, "
                f"not {keys_values_shape[-1]}."
            )
        self.query = layers.Dense(size, dtype=self.dtype_policy, name="query")
        self.projection = layers.Dense(size, dtype=self.dtype_policy, name="projection")
        for dense in (self.query, self.projection):
            dense.build((*queries_shape[:-1], size))

    def call(self, queries, keys_values, present=None, training=False):
        size = queries.shape[-1]
        num_queries, num_keys = tf.shape(queries)[1], tf.shape(keys_values)[1]
        keys, values = self._heads(keys_values, 2)
        (queries,) = self._heads(self.query(queries) * (size // self.num_heads) ** -0.5, 1)
        if self.rotary:
            keys = _turned(keys, 0)
            queries = _turned(queries, num_keys - num_queries)
        # A sum of many products is compared with sums of others: float16 would overflow.
        scores = tf.cast(tf.matmul(queries, keys, transpose_b=True), tf.float32)
        hidden = self._hidden(num_queries, num_keys, present)
        weights = tf.nn.softmax(scores if hidden is None else scores + hidden)
        used = tf.cast(self.dropout(weights, training=training), self.compute_dtype)
        found = tf.transpose(used @ values, [0, 2, 1, 3])
        found = tf.reshape(found, [-1, num_queries, size])
        return self.projection(found), weights

    def _heads(self, sequence: tf.Tensor, parts: int) -> list[tf.Tensor]:
        """[N, T, parts * E] as `parts` tensors [N, heads, T, E / heads]."""
        length, size = tf.shape(sequence)[1], sequence.shape[-1] // (parts * self.num_heads)
        divided = tf.reshape(sequence, [-1, length, parts, self.num_heads, size])
        return tf.unstack(tf.transpose(divided, [2, 0, 3, 1, 4]), parts)

    def _hidden(self, num_queries, num_keys, present) -> tf.Tensor | None:
        """What is added to the scores of what must not be seen: [N or 1, 1, U or 1, T]."""
        hidden = None
        if present is not None:
            hidden = tf.where(present[:, None, None, :], 0.0, ABSENT)
        if self.causal:
            places = tf.range(num_keys - num_queries, num_keys)
            unseen = tf.range(num_keys)[None] > places[:, None]
            if self.span is not None:
                unseen |= tf.range(num_keys)[None] < places[:, None] - self.span
            far = tf.where(unseen, OUT_OF_SIGHT, 0.0)[None, None]
            hidden = far if hidden is None else hidden + far
        return hidden

    def compute_output_spec(self, queries, keys_values, present=None, training=False):
        batch, num_queries, _ = queries.shape
        weights = (batch, self.num_heads, num_queries, keys_values.shape[1])
        return (
            keras.KerasTensor(queries.shape, self.compute_dtype),
            keras.KerasTensor(weights, "float32"),
        )

    def get_config(self):
        return super().get_config() | {
            "num_heads": self.num_heads,
            "dropout": self.dropout_rate,
            "causal": self.causal,
            "rotary": self.rotary,
            "span": self.span,
        }


def _turned(heads: tf.Tensor, first_place: int | tf.Tensor) -> tf.Tensor:
    """Heads [N, H, T, D] whose channel pairs (i, i + D / 2) are turned by their places, the slower
    the larger i."""
    length, half = tf.shape(heads)[2], heads.shape[-1] // 2
    places = tf.cast(tf.range(first_place, first_place + length), tf.float32)
    speeds = 10000.0 ** (-tf.range(half, dtype=tf.float32) / half)
    angles = places[:, None] * speeds
    cosine, sine = tf.cast(tf.cos(angles), heads.dtype), tf.cast(tf.sin(angles), heads.dtype)
    one, other = tf.split(heads, 2, axis=-1)
    return tf.concat([one * cosine - other * sine, other * cosine + one * sine], axis=-1)

"""Global attention, after the recurrence (Luong, Pham, Manning 2015, "Effective approaches to
attention-based neural machine translation")."""

from typing import Literal

import keras
import tensorflow as tf
from keras import layers

ABSENT = -1e9


@keras.saving.register_keras_serializable("dlapps")
class GlobalAttention(layers.Layer):
    """Each query looks at a memory, and returns what it found there.

    Called with queries [N, U, Q], a memory [N, T, M], its keys [N, T, A] and which of it is present
    (bool [N, T]), it returns the contexts [N, U, M] and the attention weights, float32 [N, U, T].
    Keys do not change from step to step, so that they are computed once outside. A score is

    * `dot`: the product of query and key, Q = A; where the keys are the memory times a matrix, this
      is the paper's "general";
    * `concat`: v tanh(W query + key).
    """

    def __init__(self, score: Literal["dot", "concat"] = "dot", **options):
        super().__init__(**options)
        self.score = score

    def build(self, queries_shape, memory_shape, keys_shape, present_shape):
        if self.score == "concat":
            size = keys_shape[-1]
            self.query = layers.Dense(size, use_bias=False, dtype=self.dtype_policy, name="query")
            self.query.build(queries_shape)
            self.scale = self.add_weight(shape=(size,), initializer="glorot_uniform", name="scale")
        elif queries_shape[-1] != keys_shape[-1]:
            raise ValueError(
                f"The product of a query and a key takes two of one size, not "
                f"{queries_shape[-1]} and {keys_shape[-1]}."
            )

    def call(self, queries, memory, keys, present):
        scores = self._scores(queries, keys)
        # In float32, where what is absent does not overflow.
        scores = tf.where(present[:, None], tf.cast(scores, tf.float32), ABSENT)
        weights = tf.nn.softmax(scores)
        return tf.cast(weights, self.compute_dtype) @ memory, weights

    def _scores(self, queries, keys) -> tf.Tensor:
        if self.score == "dot":
            return tf.matmul(queries, keys, transpose_b=True)
        compared = tf.tanh(self.query(queries)[:, :, None] + keys[:, None])
        return tf.linalg.matvec(compared, tf.convert_to_tensor(self.scale))

    def compute_output_spec(self, queries, memory, keys, present):
        batch, length, _ = queries.shape
        return (
            keras.KerasTensor((batch, length, memory.shape[-1]), self.compute_dtype),
            keras.KerasTensor((batch, length, memory.shape[1]), "float32"),
        )

    def get_config(self):
        return super().get_config() | {"score": self.score}

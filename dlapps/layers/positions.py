"""Positions added to a sequence: sines (Vaswani et al. 2017) or learned (Gehring et al. 2017)."""

import keras
import tensorflow as tf
from keras import layers


@keras.saving.register_keras_serializable("dlapps")
class SinusoidalPositions(layers.Layer):
    """Adds to x [N, U, E] the sines and cosines of its positions, at E / 2 wavelengths each.

    Called with x and, where x is the end of a sequence, what there is of the places before it,
    [N, P, ...], from which positions count on.
    """

    def call(self, x, past=None):
        half = x.shape[-1] // 2
        speeds = 10000.0 ** (-tf.range(half, dtype=tf.float32) / half)
        angles = tf.cast(_positions(x, past), tf.float32)[:, None] * speeds
        waves = tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)
        return x + tf.cast(waves, x.dtype)

    def build(self, x_shape, past_shape=None):
        if x_shape[-1] % 2:
            raise ValueError(f"Sines and cosines cannot share {x_shape[-1]} channels evenly.")

    def compute_output_spec(self, x, past=None):
        return keras.KerasTensor(x.shape, self.compute_dtype)


@keras.saving.register_keras_serializable("dlapps")
class LearnedPositions(layers.Layer):
    """Adds to x [N, U, E] a learned vector for each position; called as SinusoidalPositions is.

    There are `num_positions`; all after the last of them share its vector.
    """

    def __init__(self, num_positions: int, initializer="random_normal", **options):
        super().__init__(**options)
        self.num_positions = num_positions
        self.initializer = keras.initializers.get(initializer)

    def build(self, x_shape, past_shape=None):
        self.vectors = self.add_weight(
            shape=(self.num_positions, x_shape[-1]), initializer=self.initializer, name="vectors"
        )

    def call(self, x, past=None):
        positions = tf.minimum(_positions(x, past), self.num_positions - 1)
        return x + tf.gather(tf.cast(self.vectors, x.dtype), positions)

    def compute_output_spec(self, x, past=None):
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def get_config(self):
        return super().get_config() | {
            "num_positions": self.num_positions,
            "initializer": keras.initializers.serialize(self.initializer),
        }


def _positions(x: tf.Tensor, past: tf.Tensor | None) -> tf.Tensor:
    """The positions int32 [U] of x [N, U, E] after those of the past."""
    first = 0 if past is None else tf.shape(past)[1]
    return tf.range(first, first + tf.shape(x)[1])

"""Maps enlarged by bilinear interpolation: fixed, and as what a transposed convolution begins with
(Long, Shelhamer, Darrell 2015)."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class Bilinear(keras.initializers.Initializer):
    """For a transposed convolution [2s, 2s, C, C] of stride s: it enlarges each channel s times.

    Within half a place of the border, what lies beyond it counts as zero.
    """

    def __call__(self, shape, dtype=None):
        height, width, outputs, inputs = shape
        kernel = np.outer(_triangle(height), _triangle(width))
        return ops.cast(kernel[..., None, None] * np.eye(outputs, inputs), dtype or "float32")

    def get_config(self):
        return {}


def _triangle(size: int) -> np.ndarray:
    """The weights of a place's neighbours along one side."""
    return 1.0 - np.abs(np.arange(size) - (size - 1) / 2) / (size / 2)


@keras.saving.register_keras_serializable("dlapps")
class BilinearUpSampling2D(keras.layers.Layer):
    """Maps [N, H, W, C], `size` times as high and as wide.

    Keras' layer compares the sizes in Python, so that no graph can have it that takes maps of any.
    """

    def __init__(self, size: int, **options):
        super().__init__(**options)
        self.size = size

    def call(self, maps):
        enlarged = tf.image.resize(maps, self.size * tf.shape(maps)[1:3])
        enlarged.set_shape(self.compute_output_shape(maps.shape))
        return tf.cast(enlarged, maps.dtype)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = (None if side is None else self.size * side for side in (height, width))
        return (batch, *sides, channels)

    def get_config(self):
        return {**super().get_config(), "size": self.size}

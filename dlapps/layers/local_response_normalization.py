"""Local response normalization (Krizhevsky, Sutskever, Hinton 2012)."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dlapps")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each number of maps [N, H, W, C] by what its `size` nearest channels hold there.

    x_c becomes x_c / (k + alpha * sum of squares)^beta, the sum being over channels c - size // 2
    to c + size // 2, where they exist. The defaults are the paper's. It is the paper's alpha: what
    Caffe and PyTorch call alpha is divided by `size` first.
    """

    def __init__(
        self, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75, **options
    ):
        super().__init__(**options)
        self.size = size
        self.k = k
        self.alpha = alpha
        self.beta = beta

    def call(self, maps):
        # In float16 the square of a number above 255 is infinite.
        normalized = tf.nn.local_response_normalization(
            tf.cast(maps, tf.float32),
            depth_radius=self.size // 2,
            bias=self.k,
            alpha=self.alpha,
            beta=self.beta,
        )
        return tf.cast(normalized, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"size": self.size, "k": self.k, "alpha": self.alpha, "beta": self.beta}
        return {**super().get_config(), **own}

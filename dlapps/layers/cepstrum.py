"""The cepstrum: a log-mel spectrogram by the shapes of its spectra (Davis and Mermelstein 1980)."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class Cepstrum(keras.layers.Layer):
    """The first cosine coefficients [..., num_coefficients] of logarithms [..., bands].

    The discrete cosine transform of type II as HTK scales it, by the root of 2 / bands; the first
    coefficient is the loudness. Nothing is liftered.
    """

    def __init__(self, num_coefficients: int, **kwargs):
        super().__init__(**kwargs)
        self.num_coefficients = num_coefficients

    def call(self, logarithms):
        bands = logarithms.shape[-1]
        angles = np.pi / bands * np.outer(np.arange(bands) + 0.5, np.arange(self.num_coefficients))
        cosines = np.sqrt(2 / bands) * np.cos(angles)
        return ops.matmul(logarithms, ops.cast(cosines, logarithms.dtype))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.num_coefficients)

    def get_config(self):
        return {**super().get_config(), "num_coefficients": self.num_coefficients}

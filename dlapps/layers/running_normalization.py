"""Normalisation by what was heard so far (Viikki and Laurila 1998, "Cepstral domain segmental
feature vector normalization for noise robust speech recognition")."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class RunningNormalization(keras.layers.Layer):
    """Features [N, frames, D] less their mean, by their deviation, up to each frame.

    A frame does not depend on later ones, so that a network can listen while somebody speaks.
    `epsilon` is added to the variance: the first frames have next to none.
    """

    def __init__(self, epsilon: float = 1e-3, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, features):
        count = 1 + ops.arange(ops.shape(features)[1], dtype=features.dtype)[:, None]
        mean = ops.cumsum(features, axis=1) / count
        squares = ops.cumsum(ops.square(features), axis=1) / count
        variance = ops.maximum(squares - ops.square(mean), 0)
        return (features - mean) * ops.rsqrt(variance + self.epsilon)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}

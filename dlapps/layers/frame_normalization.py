"""Normalisation of each recording by itself, over its own frames alone."""

import keras
from keras import ops

from dlapps.layers.own_frames import own_frames


@keras.saving.register_keras_serializable("dlapps")
class FrameNormalization(keras.layers.Layer):
    """Of [N, T, D] and lengths [N]: each of D has mean 0 and variance 1 over a row's own frames.

    So a microphone's colour, or a voice's, is taken away, and nothing depends on other rows or on
    what a row is padded to. Frames beyond the length are 0.
    """

    def __init__(self, epsilon: float = 1e-4, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, frames, lengths):
        own = own_frames(frames, lengths)
        count = ops.maximum(ops.sum(own, axis=1, keepdims=True), 1)
        mean = ops.sum(frames * own, axis=1, keepdims=True) / count
        centred = (frames - mean) * own
        variance = ops.sum(ops.square(centred), axis=1, keepdims=True) / count
        return centred * ops.rsqrt(variance + self.epsilon)

    def compute_output_shape(self, frames_shape, lengths_shape):
        return frames_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}

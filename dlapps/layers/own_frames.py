"""Sequences of different lengths in one tensor: what is padding is made silent."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class OwnFrames(keras.layers.Layer):
    """Of [N, T, ...] and lengths [N], the first `length` frames of each; the rest becomes 0."""

    def call(self, frames, lengths):
        return frames * own_frames(frames, lengths)

    def compute_output_shape(self, frames_shape, lengths_shape):
        return frames_shape


def own_frames(frames, lengths):
    """[N, T, 1, ...], like `frames` [N, T, ...]: 1 before the length of a row, 0 from it on."""
    place = ops.arange(ops.shape(frames)[1], dtype="int32")
    is_own = place[None] < ops.cast(lengths, "int32")[:, None]
    is_own = ops.reshape(is_own, (*ops.shape(is_own), *(1 for _ in frames.shape[2:])))
    return ops.cast(is_own, frames.dtype)

"""Sequences turned round within their own lengths, so that what reads backwards reads no padding
(Graves, Schmidhuber 2005, read in both directions)."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dlapps")
class ReversedFrames(keras.layers.Layer):
    """Of [N, T, D] and lengths [N], the first `length` frames of each in reverse, the rest as is.

    A recurrence forward over these, turned round again, is one backward that begins at a sequence's
    own end. Padding comes last in both directions, so neither needs a mask.
    """

    def call(self, frames, lengths):
        return tf.reverse_sequence(frames, lengths, seq_axis=1, batch_axis=0)

    def compute_output_shape(self, frames_shape, lengths_shape):
        return frames_shape

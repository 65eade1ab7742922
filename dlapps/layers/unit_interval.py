"""A check that what enters a model of Bernoulli units can be a probability."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dlapps")
class UnitInterval(keras.layers.Layer):
    """Hands its inputs on, and refuses numbers outside [0, 1].

    Raises tf.errors.InvalidArgumentError, in a graph too; a graph that XLA compiles does not look.
    """

    def call(self, inputs):
        low, high = tf.reduce_min(inputs), tf.reduce_max(inputs)
        message = (
            "Bernoulli units take numbers from 0 to 1, and these images have others. Divide 8-bit "
            "pixels by 255. Smallest and largest:"
        )
        fits = tf.logical_and(low >= 0, high <= 1)
        with tf.control_dependencies([tf.debugging.Assert(fits, [message, low, high])]):
            return tf.identity(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

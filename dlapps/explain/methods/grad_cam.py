"""Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via
gradient-based localization")."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf


def grad_cam(
    network: keras.Model,
    inputs: Sequence[tf.Tensor],
    score: Callable[[tf.Tensor], tf.Tensor],
    layer: str,
) -> tf.Tensor:
    """Where in the maps of `layer` the score has its support, float32 [N, h, w], from 0 to 1.

    The maps [N, h, w, C] are added up, each weighted by the mean gradient of the score [N] by it;
    what is negative speaks against the answer and is cut. A map that is 0 everywhere stays so.
    """
    tapped = keras.Model(network.inputs, [network.get_layer(layer).output, network.outputs[0]])
    with tf.GradientTape() as tape:
        # Else what has no trainable weights before it would have no gradient.
        tape.watch([tensor for tensor in inputs if tensor.dtype.is_floating])
        maps, outputs = tapped(list(inputs) if inputs[1:] else inputs[0], training=False)
        scores = score(outputs)
    slopes = tf.cast(tape.gradient(scores, maps), tf.float32)
    weights = tf.reduce_mean(slopes, axis=[1, 2], keepdims=True)
    relevance = tf.nn.relu(tf.reduce_sum(weights * tf.cast(maps, tf.float32), axis=-1))
    largest = tf.reduce_max(relevance, axis=[1, 2], keepdims=True)
    return tf.math.divide_no_nan(relevance, largest)

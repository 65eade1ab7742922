"""Class activation maps from gradients: Grad-CAM and two that followed."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from dlapps.explain.methods.gradients import Score, from_0_to_1, output_of


def grad_cam(
    network: keras.Model, inputs: Sequence[tf.Tensor], score: Score, layer: str
) -> tf.Tensor:
    """Where in the maps of `layer` the score has its support, float32 [N, h, w], from 0 to 1.

    The maps [N, h, w, C] are added up, each weighted by the mean gradient of the score [N] by it;
    what is negative speaks against the answer and is cut. A map that is 0 everywhere stays so.
    Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based
    localization".
    """
    maps, slopes = _maps_and_slopes(network, inputs, score, layer)
    weights = tf.reduce_mean(slopes, axis=[1, 2], keepdims=True)
    return _support(weights * maps)


def grad_cam_plus_plus(
    network: keras.Model, inputs: Sequence[tf.Tensor], score: Score, layer: str
) -> tf.Tensor:
    """Grad-CAM whose places count by how much they alone explain of the exponent of the score.

    So several objects of a class are found, not only the largest. Chattopadhyay et al. 2018,
    "Grad-CAM++: generalized gradient-based visual explanations for deep convolutional networks".
    """
    maps, slopes = _maps_and_slopes(network, inputs, score, layer)
    totals = tf.reduce_sum(maps, axis=[1, 2], keepdims=True)
    # The derivatives of the exponent are these times the exponent itself, which drops out.
    shares = tf.math.divide_no_nan(slopes**2, 2 * slopes**2 + totals * slopes**3)
    weights = tf.reduce_sum(shares * tf.nn.relu(slopes), axis=[1, 2], keepdims=True)
    return _support(weights * maps)


def layer_cam(
    network: keras.Model, inputs: Sequence[tf.Tensor], score: Score, layer: str
) -> tf.Tensor:
    """Grad-CAM with a weight for each place of each map, its own gradient where it is positive.

    It stays sharp in the large maps of early layers. Jiang et al. 2021, "LayerCAM: exploring
    hierarchical class activation maps for localization".
    """
    maps, slopes = _maps_and_slopes(network, inputs, score, layer)
    return _support(tf.nn.relu(slopes) * maps)


def _maps_and_slopes(
    network: keras.Model, inputs: Sequence[tf.Tensor], score: Score, layer: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """The maps of a layer and the gradient of the score by them, in float32."""
    tapped = keras.Model(network.input, [output_of(network, layer), network.outputs[0]])
    explained = tf.cast(inputs[0], tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(explained)  # Else what comes of it would have no gradient.
        given = [explained, *inputs[1:]] if len(inputs) > 1 else explained
        maps, answers = tapped(given, training=False)
        scores = score(answers)
    slopes = tape.gradient(scores, maps, unconnected_gradients="zero")
    return tf.cast(maps, tf.float32), tf.cast(slopes, tf.float32)


def _support(weighted: tf.Tensor) -> tf.Tensor:
    """The sum of weighted maps [N, h, w, C], cut below 0 and from 0 to 1."""
    return from_0_to_1(tf.nn.relu(tf.reduce_sum(weighted, axis=-1)))

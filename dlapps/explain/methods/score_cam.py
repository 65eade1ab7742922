"""Score-CAM (Wang et al. 2020, "Score-CAM: score-weighted visual explanations for convolutional
neural networks")."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from dlapps.explain.methods.gradients import Score, answered, from_0_to_1, output_of


def score_cam(
    network: keras.Model, inputs: Sequence[tf.Tensor], score: Score, layer: str
) -> tf.Tensor:
    """Where in the maps of `layer` the score has its support, float32 [N, h, w], from 0 to 1.

    No gradient is asked. Each map [N, h, w, C], from its lowest number to its highest, is laid as
    a mask over the image [N, H, W, channels]; a map counts by what of the score [N] is left, by
    the softmax of what all have left. That is one answer of the network for each map.
    """
    image = tf.cast(inputs[0], tf.float32)
    tapped = keras.Model(network.input, output_of(network, layer))
    maps = tf.cast(answered(tapped, inputs), tf.float32)

    def left(number: tf.Tensor) -> tf.Tensor:
        one = tf.gather(maps, [number], axis=-1)
        lowest = tf.reduce_min(one, axis=[1, 2], keepdims=True)
        mask = from_0_to_1(one - lowest)
        stretched = tf.image.resize(mask, tf.shape(image)[1:3])
        return score(answered(network, [image * stretched, *inputs[1:]]))

    scores = tf.map_fn(left, tf.range(tf.shape(maps)[-1]), fn_output_signature=tf.float32)
    weights = tf.nn.softmax(tf.transpose(scores))[:, None, None, :]
    return from_0_to_1(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)))

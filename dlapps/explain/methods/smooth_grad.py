"""SmoothGrad (Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise")."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from dlapps.explain.methods.gradients import Score
from dlapps.explain.methods.saliency import saliency


def smooth_grad(
    network: keras.Model,
    inputs: Sequence[tf.Tensor],
    score: Score,
    *,
    samples: int = 25,
    noise: float = 0.15,
    seed: int = 0,
) -> tf.Tensor:
    """The mean saliency of the first input under Gaussian noise; in its shape, from 0.

    `noise` is the standard deviation as a share of the distance from each row's lowest number to
    its highest. The same seed gives the same noise.
    """
    explained = tf.cast(inputs[0], tf.float32)
    axes = [*range(1, len(explained.shape))]
    distance = tf.reduce_max(explained, axes, True) - tf.reduce_min(explained, axes, True)

    def add(total: tf.Tensor, sample: tf.Tensor) -> tf.Tensor:
        draws = tf.random.stateless_normal(tf.shape(explained), [seed, sample])
        noisy = explained + noise * distance * draws
        return total + saliency(network, [noisy, *inputs[1:]], score)

    return tf.foldl(add, tf.range(samples), tf.zeros_like(explained)) / samples

"""Pixel-adaptive refinement: maps that end where colours do (Araslanov, Roth 2020, "Single-stage
semantic segmentation from image labels")."""

import tensorflow as tf

DILATIONS = (1, 2, 4, 8)
EPSILON = 1e-6


def refined(maps: tf.Tensor, images: tf.Tensor, steps: int, contrast: float) -> tf.Tensor:
    """The maps [N, H, W, C] after `steps` in which each place becomes a mean of its neighbours'.

    images: [N, H, W, channels] of the same size. A neighbour (8 each at distances of 1, 2, 4 and 8)
    counts by the softmax of -|difference in colour| / (`contrast` x standard deviation of the
    neighbourhood), as in the paper, whose contrast is 0.1.
    """
    if not steps:
        return maps
    around = _neighbours(images)
    deviation = tf.math.reduce_std(around, axis=0, keepdims=True) + EPSILON
    likeness = -tf.abs(around - images[None]) / (contrast * deviation)
    weights = tf.nn.softmax(tf.reduce_mean(likeness, axis=-1, keepdims=True), axis=0)
    for _ in range(steps):
        maps = tf.reduce_sum(weights * _neighbours(maps), axis=0)
    return maps


def _neighbours(values: tf.Tensor) -> tf.Tensor:
    """[32, N, H, W, C]: what lies around each place; the border's values go on beyond it."""
    height, width = tf.shape(values)[1], tf.shape(values)[2]
    rows, columns = tf.range(height), tf.range(width)
    moved = []
    for distance in DILATIONS:
        for down in (-distance, 0, distance):
            shifted = tf.gather(values, tf.clip_by_value(rows + down, 0, height - 1), axis=1)
            moved += [
                tf.gather(shifted, tf.clip_by_value(columns + right, 0, width - 1), axis=2)
                for right in (-distance, 0, distance)
                if down or right
            ]
    return tf.stack(moved)

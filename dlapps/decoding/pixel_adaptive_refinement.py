"""Pixel-adaptive refinement: maps that end where colours do (Araslanov, Roth 2020, "Single-stage
semantic segmentation from image labels")."""

from collections.abc import Iterator

import tensorflow as tf

DILATIONS = (1, 2, 4, 8)
NUM_NEIGHBOURS = 8 * len(DILATIONS)
EPSILON = 1e-6


def refined(maps: tf.Tensor, images: tf.Tensor, steps: int, contrast: float) -> tf.Tensor:
    """The maps [N, H, W, C] after `steps` in which each place becomes a mean of its neighbours'.

    images: [N, H, W, channels] of the same size. A neighbour (8 each at distances of 1, 2, 4 and 8)
    counts by the softmax of -|difference in colour| / (`contrast` x standard deviation of the
    neighbourhood), as in the paper, whose contrast is 0.1.
    """
    if not steps:
        return maps
    around = tf.stack([*_neighbours(images)])
    deviation = tf.math.reduce_std(around, axis=0, keepdims=True) + EPSILON
    likeness = -tf.abs(around - images[None]) / (contrast * deviation)
    likeness = tf.reduce_mean(likeness, axis=-1, keepdims=True)
    weights = tf.unstack(tf.nn.softmax(likeness, axis=0), num=NUM_NEIGHBOURS)

    def averaged(maps: tf.Tensor) -> tuple[tf.Tensor]:
        # One after another: all at once would take 32 times the memory of the maps.
        total = tf.zeros_like(maps)
        for weight, each in zip(weights, _neighbours(maps), strict=True):
            total += weight * each
        return (total,)

    (maps,) = tf.while_loop(lambda _: True, averaged, (maps,), maximum_iterations=steps)
    return maps


def _neighbours(values: tf.Tensor) -> Iterator[tf.Tensor]:
    """[N, H, W, C]: what lies around each place; the border's values go on beyond it."""
    height, width = tf.shape(values)[1], tf.shape(values)[2]
    farthest = max(DILATIONS)
    for axis, side in ((1, height), (2, width)):
        places = tf.clip_by_value(tf.range(-farthest, side + farthest), 0, side - 1)
        values = tf.gather(values, places, axis=axis)
    for distance in DILATIONS:
        for down in (-distance, 0, distance):
            for right in (-distance, 0, distance):
                if down or right:
                    top, left = farthest + down, farthest + right
                    yield values[:, top : top + height, left : left + width]

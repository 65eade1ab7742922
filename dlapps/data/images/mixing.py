"""Images that are a mixture of two, and their labels: mixup and cutmix; and images with holes.

Each image's partner is the one as far from the end of its batch as it is from the beginning.
"""

import functools

import numpy as np
import tensorflow as tf
from scipy import stats

NUM_PLACE_DRAWS = 2
QUANTILES = 1025


def mixed_up(
    images: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor, alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixup (Zhang, Cisse, Dauphin, Lopez-Paz 2017): weighted means of two, and of their targets.

    images: float [N, H, W, C]; targets: float [N, classes]; draws: [N] uniform in [0, 1), of which
    come the weights, distributed as Beta(alpha, alpha).
    """
    weights = beta_quantiles(draws, alpha)
    return (
        _mean_of_two(images, weights[:, None, None, None]),
        _mean_of_two(targets, weights[:, None]),
    )


def cut_mixed(
    images: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor, places: tf.Tensor, alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cutmix (Yun et al. 2019): a rectangle of each comes from its partner, and its target too.

    As `mixed_up`; places: [N, 2] uniform in [0, 1), where the middle of the rectangle is. Targets
    are weighed by the pixels that are left of each.
    """
    height, width = images.shape[1:3]
    share = tf.sqrt(1.0 - beta_quantiles(draws, alpha))
    inside = rectangles((height, width), places, share * height, share * width)
    left = 1.0 - tf.reduce_mean(inside, axis=[1, 2, 3])
    return (
        images + inside * (images[::-1] - images),
        _mean_of_two(targets, left[:, None]),
    )


def cut_out(images: tf.Tensor, places: tf.Tensor, share: float) -> tf.Tensor:
    """Cutout (DeVries, Taylor 2017): the images with a grey square each, `share` of a side long.

    Its middle, places [N, 2] uniform in [0, 1), may be anywhere, so that parts of it lie outside.
    The grey is each image's mean.
    """
    height, width = images.shape[1:3]
    side = tf.fill(tf.shape(images)[:1], share * min(height, width))
    inside = rectangles((height, width), places, side, side)
    mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    return images + inside * (mean - images)


def rectangles(
    size: tuple[int, int], places: tf.Tensor, heights: tf.Tensor, widths: tf.Tensor
) -> tf.Tensor:
    """float [N, H, W, 1]: 1 in a rectangle about a place [N, 2] of each image, else 0."""

    def within(length: int, middle: tf.Tensor, extent: tf.Tensor) -> tf.Tensor:
        distance = tf.abs(tf.range(length, dtype=tf.float32) + 0.5 - middle[:, None] * length)
        return tf.cast(distance < extent[:, None] / 2.0, tf.float32)

    rows = within(size[0], places[:, 0], heights)
    columns = within(size[1], places[:, 1], widths)
    return rows[:, :, None, None] * columns[:, None, :, None]


def beta_quantiles(draws: tf.Tensor, alpha: float) -> tf.Tensor:
    """Numbers distributed as Beta(alpha, alpha), from uniform draws in [0, 1)."""
    table = tf.constant(_quantile_table(alpha))
    place = draws * (QUANTILES - 1)
    below = tf.cast(place, tf.int32)
    low, high = tf.gather(table, below), tf.gather(table, below + 1)
    return low + (place - tf.floor(place)) * (high - low)


@functools.cache
def _quantile_table(alpha: float) -> np.ndarray:
    return stats.beta.ppf(np.linspace(0, 1, QUANTILES), alpha, alpha).astype(np.float32)


def _mean_of_two(values: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    return weights * values + (1.0 - weights) * values[::-1]

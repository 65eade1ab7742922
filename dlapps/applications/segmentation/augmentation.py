"""Random views of an image and its mask together: the same map, sampled in two ways."""

from typing import Annotated

import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Fraction, Positive
from dlapps.data.images.augmentation import NUM_DRAWS, Augmentation, affine_parts
from dlapps.data.images.sampling import sample_bilinear, sample_nearest

ELASTIC_GRID = 4
NUM_PAIRED_DRAWS = NUM_DRAWS + 5 + 2 * ELASTIC_GRID**2


class PairedAugmentation(Augmentation):
    """How far an image and its mask may be moved; all zero leaves both as they are."""

    crop: Positive | None = None
    """Side of the square that is cut from a random place; left out, the whole image."""
    quarter_turns: bool = False
    """Turn by 0, 90, 180 or 270 degrees."""
    elastic: Annotated[float, Field(ge=0)] = 0.0
    """Pixels by which a coarse grid of points is moved at most, and all between them smoothly."""
    contrast: Fraction = 0.0
    """Fraction by which the image's contrast rises or falls."""
    brightness: Fraction = 0.0
    """Fraction of the full range by which the image's brightness rises or falls."""


def augment_pair(
    images: tf.Tensor,
    masks: tf.Tensor,
    draws: tf.Tensor,
    settings: PairedAugmentation,
    *further: tf.Tensor,
) -> tuple[tf.Tensor, ...]:
    """Views of the images, float32 in their own range, and the same views of the masks.

    images: uint8 [N, H, W, C], sampled bilinearly; masks, and what else there is of an image:
    [N, H, W], of which every pixel is one that was there. What lies outside is mirrored at the
    border.
    draws: float [N, NUM_PAIRED_DRAWS] uniform in [0, 1).
    """
    if settings.is_identity:
        return tf.cast(images, tf.float32), masks, *further
    affine, place, turn, light, elastic = tf.split(
        draws, [NUM_DRAWS, 2, 1, 2, 2 * ELASTIC_GRID**2], axis=1
    )
    height, width = images.shape[1:3]
    size = (settings.crop, settings.crop) if settings.crop else (height, width)
    x, y = _positions(size)
    if settings.quarter_turns:
        x, y = _turned(x, y, turn)
    x, y = _moved(x, y, affine, size, settings)
    if settings.elastic:
        push = _smooth(elastic, size) * settings.elastic
        x, y = x + push[..., 0], y + push[..., 1]
    # Whole pixels, so that a crop alone is exact.
    left = tf.floor(place[:, :1] * (width - size[1] + 1))[..., None]
    top = tf.floor(place[:, 1:] * (height - size[0] + 1))[..., None]
    x, y = x + left + (size[1] - 1) / 2, y + top + (size[0] - 1) / 2
    views = _lit(sample_bilinear(images, y, x), light, settings)
    moved = [sample_nearest(each[..., None], y, x)[..., 0] for each in (masks, *further)]
    return views, *moved


def _positions(size: tuple[int, int]) -> tuple[tf.Tensor, tf.Tensor]:
    """The x and y of every pixel of the view, [1, h, w], seen from its middle."""
    height, width = size
    y, x = tf.meshgrid(
        tf.range(height, dtype=tf.float32) - (height - 1) / 2,
        tf.range(width, dtype=tf.float32) - (width - 1) / 2,
        indexing="ij",
    )
    return x[None], y[None]


def _turned(x: tf.Tensor, y: tf.Tensor, draw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The positions after a number of quarter turns; whole numbers turn without rounding."""
    turns = tf.cast(tf.floor(4.0 * draw[:, 0]), tf.int32)
    cosine = tf.gather([1.0, 0.0, -1.0, 0.0], turns)[:, None, None]
    sine = tf.gather([0.0, 1.0, 0.0, -1.0], turns)[:, None, None]
    return cosine * x - sine * y, sine * x + cosine * y


def _moved(
    x: tf.Tensor,
    y: tf.Tensor,
    draws: tf.Tensor,
    size: tuple[int, int],
    settings: PairedAugmentation,
) -> tuple[tf.Tensor, tf.Tensor]:
    a, b, c, d, move_x, move_y = (part[:, None, None] for part in affine_parts(draws, settings))
    return a * x + b * y + move_x * size[1], c * x + d * y + move_y * size[0]


def _smooth(draws: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """[N, h, w, 2] displacements, bicubic between the points of a coarse grid in [-1, 1].

    Between the points they may lie a little outside.
    """
    grid = tf.reshape(2.0 * draws - 1.0, [-1, ELASTIC_GRID, ELASTIC_GRID, 2])
    return tf.image.resize(grid, size, method="bicubic")


def _lit(images: tf.Tensor, draws: tf.Tensor, settings: PairedAugmentation) -> tf.Tensor:
    signed = (2.0 * draws - 1.0)[:, :, None, None, None]
    if settings.contrast:
        mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
        images = mean + (images - mean) * (1.0 + settings.contrast * signed[:, 0])
    if settings.brightness:
        images = images + 255.0 * settings.brightness * signed[:, 1]
    return tf.clip_by_value(images, 0.0, 255.0)

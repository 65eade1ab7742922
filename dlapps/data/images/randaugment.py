"""RandAugment (Cubuk, Zoph, Shlens, Le 2019): a few operations of a list, all of one strength.

Every operation is computed for a whole batch at once, with strengths that are zero for the images
it is not meant for, so that an image costs a few passes and not a branch of its own.
"""

import math
from collections.abc import Callable
from typing import Annotated

import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Section
from dlapps.data.images.augmentation import affine_views
from dlapps.data.images.colour import greyed

OPERATIONS = (
    "identity", "autocontrast", "equalize", "rotate", "solarize", "colour", "posterize",
    "contrast", "brightness", "sharpness", "shear_x", "shear_y", "translate_x", "translate_y",
)  # fmt: skip
DRAWS_A_LAYER = 2
STRONGEST = 10.0
BLENDS = ("colour", "contrast", "brightness", "sharpness")


class RandAugmentation(Section):
    """How many operations an image goes through, and how strong they are."""

    layers: Annotated[int, Field(ge=1, le=14)] = 2
    magnitude: Annotated[float, Field(ge=0, le=STRONGEST)] = 9.0
    """From 0 to 10, for all operations alike."""


def rand_augmented(images: tf.Tensor, draws: tf.Tensor, settings: RandAugmentation) -> tf.Tensor:
    """The images after some operations each, drawn for each from the paper's fourteen.

    images: float [N, H, W, C] in [0, 1]; draws: [N, layers x DRAWS_A_LAYER] uniform in [0, 1).
    The strongest are the paper's: 30 degrees, a shear of 0.3, a third of a side, 0.9 of a blend,
    4 bits, all of the solarized.
    """
    for layer in range(settings.layers):
        choice, direction = draws[:, 2 * layer], draws[:, 2 * layer + 1]
        operation = tf.cast(choice * len(OPERATIONS), tf.int32)
        sign = tf.where(direction < 0.5, -1.0, 1.0)
        images = _operated(images, operation, sign, settings.magnitude / STRONGEST)
    return images


@tf.function(jit_compile=True, autograph=False)
def _operated(
    images: tf.Tensor, operation: tf.Tensor, sign: tf.Tensor, strength: float
) -> tf.Tensor:
    """One operation [N] for each image, of a strength from 0 to 1 in a direction of 1 or -1."""

    def chosen(name: str) -> tf.Tensor:
        """[N]: 1 for the images that the operation is meant for, else 0."""
        return tf.cast(tf.equal(operation, OPERATIONS.index(name)), tf.float32)

    def for_images(values: tf.Tensor) -> tf.Tensor:
        return values[:, None, None, None]

    def is_chosen(name: str) -> tf.Tensor:
        return for_images(chosen(name) > 0.0)

    moved = affine_views(images, *_affine(chosen, strength * sign))
    references = {
        "colour": greyed(images),
        "contrast": tf.reduce_mean(greyed(images), axis=[1, 2, 3], keepdims=True),
        "brightness": tf.zeros_like(images),
        "sharpness": _smoothed(images),
    }
    for name in BLENDS:
        amount = for_images(0.9 * strength * sign * chosen(name))
        moved = moved + amount * (images - references[name])
    moved = tf.where(is_chosen("solarize") & (images >= 1.0 - strength), 1.0 - images, moved)
    bits = 2.0 ** (8 - round(4 * strength))
    posterized = tf.floor(images * 255.0 / (256.0 / bits)) * (256.0 / bits) / 255.0
    moved = tf.where(is_chosen("posterize"), posterized, moved)
    moved = tf.where(is_chosen("autocontrast"), _stretched(images), moved)
    moved = tf.where(is_chosen("equalize"), _equalized(images), moved)
    return tf.clip_by_value(moved, 0.0, 1.0)


def _affine(chosen: Callable[[str], tf.Tensor], amount: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """The map of `affine_views` for those operations that are one."""
    angle = chosen("rotate") * amount * math.radians(30)
    return (
        tf.cos(angle),
        0.3 * amount * chosen("shear_x") - tf.sin(angle),
        0.3 * amount * chosen("shear_y") + tf.sin(angle),
        tf.cos(angle),
        amount * chosen("translate_x") / 3.0,
        amount * chosen("translate_y") / 3.0,
    )


def _smoothed(images: tf.Tensor) -> tf.Tensor:
    """The images through the paper's 3x3 filter, which weighs the middle by 5; the border stays."""
    channels = images.shape[-1]
    kernel = tf.constant([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13.0
    kernel = tf.tile(kernel[:, :, None, None], [1, 1, channels, 1])
    inner = tf.nn.depthwise_conv2d(images, kernel, [1, 1, 1, 1], "VALID")
    is_inner = tf.pad(tf.ones_like(inner), [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.where(is_inner > 0, tf.pad(inner, [[0, 0], [1, 1], [1, 1], [0, 0]]), images)


def _stretched(images: tf.Tensor) -> tf.Tensor:
    """Each channel from its darkest to its brightest pixel over the whole range."""
    low = tf.reduce_min(images, axis=[1, 2], keepdims=True)
    high = tf.reduce_max(images, axis=[1, 2], keepdims=True)
    return tf.where(high > low, (images - low) / tf.maximum(high - low, 1e-6), images)


def _equalized(images: tf.Tensor) -> tf.Tensor:
    """Each channel with its values spread so that all are about as frequent."""
    _, height, width, channels = images.shape
    values = tf.cast(tf.round(images * 255.0), tf.int32)
    flat = tf.reshape(tf.transpose(values, [0, 3, 1, 2]), [-1, height * width])
    rows = tf.range(tf.shape(flat)[0])[:, None] * 256
    counts = tf.math.unsorted_segment_sum(tf.ones_like(flat), flat + rows, tf.shape(flat)[0] * 256)
    up_to = tf.cumsum(tf.reshape(counts, [-1, 256]), axis=1, exclusive=True)
    ranks = tf.gather(up_to, flat, batch_dims=1)
    # The most frequent value's own count is not spread, or its pixels could not reach white.
    last = tf.reduce_max(ranks, axis=1, keepdims=True)
    spread = tf.cast(ranks, tf.float32) / tf.cast(tf.maximum(last, 1), tf.float32)
    spread = tf.reshape(spread, [-1, channels, height, width])
    return tf.where(
        tf.reshape(last, [-1, 1, 1, channels]) > 0, tf.transpose(spread, [0, 2, 3, 1]), images
    )

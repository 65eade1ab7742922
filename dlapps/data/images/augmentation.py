"""Random views of images, computed from numbers that were drawn elsewhere."""

from typing import Annotated

import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Fraction, Section
from dlapps.data.images.sampling import sample_bilinear


class Augmentation(Section):
    """How far an image may be moved; all zero leaves it as it is."""

    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Degrees either way."""
    shift: Fraction = 0.0
    """Fraction of height and of width either way."""
    zoom: Fraction = 0.0
    """Fraction in or out."""
    shear: Annotated[float, Field(ge=0, le=45)] = 0.0
    """Degrees either way."""
    flip: bool = False
    """Mirror left and right half of the time."""

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return not any(self.model_dump().values())

    @property
    def only_flips(self) -> bool:
        """Whether images are mirrored at most, which needs no interpolation."""
        return not (self.rotation or self.shift or self.zoom or self.shear)


NUM_DRAWS = 6
FLIP_DRAW = 3


def augment(images: tf.Tensor, draws: tf.Tensor, settings: Augmentation) -> tf.Tensor:
    """The images after one random affine map each, filled with the nearest border pixel.

    images: float [N, H, W, C]; draws: float [N, NUM_DRAWS] uniform in [0, 1).
    """
    if settings.only_flips:
        return flipped(images, draws[:, FLIP_DRAW]) if settings.flip else images
    return affine_views(images, *affine_parts(draws, settings))


def flipped(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """The images, of which those whose draw [N] is below a half are mirrored left to right."""
    return tf.where(draws[:, None, None, None] < 0.5, images[:, :, ::-1], images)


@tf.function(jit_compile=True, autograph=False)
def affine_views(images: tf.Tensor, *parts: tf.Tensor) -> tf.Tensor:
    """The images through the maps of `affine_parts`, filled with the nearest border pixel."""
    height, width = images.shape[1:3]
    a, b, c, d, move_x, move_y = (part[:, None, None] for part in parts)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x = tf.range(width, dtype=tf.float32)[None, None, :] - middle_x
    y = tf.range(height, dtype=tf.float32)[None, :, None] - middle_y
    columns = middle_x + a * x + b * y + move_x * width
    rows = middle_y + c * x + d * y + move_y * height
    return sample_bilinear(
        images,
        tf.clip_by_value(rows, 0.0, height - 1.0),
        tf.clip_by_value(columns, 0.0, width - 1.0),
    )


def affine_parts(draws: tf.Tensor, settings: Augmentation) -> tuple[tf.Tensor, ...]:
    """The random map from output to input pixels: a, b, c, d, move_x, move_y, each [N].

    About the middle of the image, it takes (x, y) to (a x + b y, c x + d y), moved by fractions of
    the width and the height. draws: float [N, NUM_DRAWS] uniform in [0, 1).
    """
    signed = tf.unstack(2.0 * draws - 1.0, num=NUM_DRAWS, axis=1)
    radians = 3.141592653589793 / 180.0
    angle = signed[0] * settings.rotation * radians
    slant = tf.tan(signed[1] * settings.shear * radians)
    scale = 1.0 + signed[2] * settings.zoom
    mirror = tf.where(signed[FLIP_DRAW] < 0.0, -1.0, 1.0) if settings.flip else tf.ones_like(angle)
    a = mirror * scale * tf.cos(angle)
    b = scale * (slant * tf.cos(angle) - tf.sin(angle))
    c = mirror * scale * tf.sin(angle)
    d = scale * (slant * tf.sin(angle) + tf.cos(angle))
    return a, b, c, d, signed[4] * settings.shift, signed[5] * settings.shift

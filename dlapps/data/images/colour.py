"""Random colours of images, computed from numbers that were drawn elsewhere."""

import math

import tensorflow as tf

from dlapps.config.section import Fraction, Section

NUM_COLOUR_DRAWS = 4
GREY = (0.299, 0.587, 0.114)


class ColourAugmentation(Section):
    """How far colours may be changed; all zero leaves them as they are."""

    brightness: Fraction = 0.0
    """Fraction by which all values rise or fall."""
    contrast: Fraction = 0.0
    """Fraction by which distances to the mean grey rise or fall."""
    saturation: Fraction = 0.0
    """Fraction by which distances to each pixel's own grey rise or fall."""
    hue: Fraction = 0.0
    """Part of the colour circle by which hues are turned either way; from 0.5 on, all of it."""

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return not any(self.model_dump().values())


def recoloured(images: tf.Tensor, draws: tf.Tensor, settings: ColourAugmentation) -> tf.Tensor:
    """The images in other colours; grey ones keep their saturation and hue.

    images: float [N, H, W, C] in [0, 1]; draws: [N, NUM_COLOUR_DRAWS] uniform in [0, 1).
    """
    brightness, contrast, saturation, hue = tf.unstack(
        (2.0 * draws - 1.0)[:, :, None, None, None], axis=1
    )
    images = images * (1.0 + settings.brightness * brightness)
    mean = tf.reduce_mean(greyed(images), axis=[1, 2, 3], keepdims=True)
    images = mean + (images - mean) * (1.0 + settings.contrast * contrast)
    if images.shape[-1] == 3 and (settings.saturation or settings.hue):
        grey = greyed(images)
        images = grey + (images - grey) * (1.0 + settings.saturation * saturation)
        images = _turned(images, 2.0 * math.pi * settings.hue * hue[..., 0])
    return tf.clip_by_value(images, 0.0, 1.0)


def greyed(images: tf.Tensor) -> tf.Tensor:
    """[N, H, W, 1]: the images without their colours."""
    return (
        images if images.shape[-1] == 1 else tf.tensordot(images, tf.constant(GREY), 1)[..., None]
    )


def _turned(images: tf.Tensor, angle: tf.Tensor) -> tf.Tensor:
    """Colours turned about the grey axis by angles [N, 1, 1], which leaves greys as they are."""
    red, green, blue = tf.unstack(images, axis=-1)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    third = (1.0 - cosine) / 3.0
    same, next_, last = cosine + third, third - sine / 3**0.5, third + sine / 3**0.5
    return tf.stack(
        [
            same * red + next_ * green + last * blue,
            last * red + same * green + next_ * blue,
            next_ * red + last * green + same * blue,
        ],
        axis=-1,
    )

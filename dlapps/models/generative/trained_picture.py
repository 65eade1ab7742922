"""Pictures that are a model's only weight: style transfer (Gatys, Ecker, Bethge 2016, "Image style
transfer using convolutional neural networks") and DeepDream (Mordvintsev, Olah, Tyka 2015,
"Inceptionism: going deeper into neural networks")."""

from typing import Annotated

import keras
from keras import ops
from pydantic import Field

from dlapps.config.section import Positive
from dlapps.models.generative.perceptual_model import PerceptualModel


@keras.saving.register_keras_serializable("dlapps")
class Picture(keras.layers.Layer):
    """One picture in [0, 1] as a weight, whatever image is given."""

    def build(self, input_shape):
        self.picture = self.add_weight(
            shape=(1, *input_shape[1:]),
            initializer=keras.initializers.Constant(0.5),
            constraint=_in_unit_interval,
            name="picture",
        )

    def call(self, image):
        return ops.broadcast_to(self.picture, ops.shape(image))


def _in_unit_interval(picture):
    return ops.clip(picture, 0.0, 1.0)


@keras.saving.register_keras_serializable("dlapps")
class TrainedPicture(PerceptualModel):
    """The picture that it learns, for any content image.

    `noise` is the share of uniform noise in what it begins with.
    """

    def __init__(self, *args, noise: float = 0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.noise = noise

    @property
    def picture(self):
        """The weight, float32 [1, H, W, 3] in [0, 1]."""
        return self.get_layer("picture").picture

    def begin_with(self, content):
        """Makes the picture that of a content image, float [H, W, 3] in [0, 1], and noise."""
        noise = keras.random.uniform(self.picture.shape, seed=0)
        self.picture.assign((1.0 - self.noise) * content[None] + self.noise * noise)

    def get_config(self):
        return {**super().get_config(), "noise": self.noise}


def gatys_style_transfer(
    input_shape: tuple[int, int, int],
    *,
    noise: Annotated[float, Field(ge=0, le=1)] = 0.0,
) -> TrainedPicture:
    """A picture that becomes the content image in another style; `noise` as TrainedPicture says.

    Departure: pixels are kept in [0, 1] and moved by the optimizer of the config, where the paper
    has L-BFGS.
    """
    return _trained_picture(input_shape, "gatys_style_transfer", noise)


def deep_dream(
    input_shape: tuple[int, int, int],
    *,
    layers: list[str],
    octaves: Positive = 4,
    octave_scale: Annotated[float, Field(gt=1)] = 1.4,
    jitter: Annotated[int, Field(ge=0)] = 16,
) -> TrainedPicture:
    """A picture in which a network comes to see more of what its `layers` look for.

    It is first looked at in the smallest of `octaves`, each `octave_scale` times as large as the
    one before, and in its own size last. At every step it is moved by up to `jitter` pixels.
    """
    return _trained_picture(input_shape, "deep_dream", 0.0)


def _trained_picture(input_shape: tuple[int, int, int], name: str, noise: float) -> TrainedPicture:
    image = keras.Input(input_shape, name="image")
    # In float32 whatever else is computed in: one step moves a pixel by less than a 256th.
    picture = Picture(dtype="float32", name="picture")(image)
    return TrainedPicture(image, picture, noise=noise, name=name)

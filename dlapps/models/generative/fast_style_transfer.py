"""A network that paints any image in one style (Johnson, Alahi, Fei-Fei 2016, "Perceptual losses
for real-time style transfer and super-resolution"), with instance normalization (Ulyanov, Vedaldi,
Lempitsky 2016, "Instance normalization: the missing ingredient for fast stylization")."""

from typing import Any, Literal

import keras
from keras import layers

from dlapps.config.section import Positive
from dlapps.layers.padding import CropLike, MirrorPadding2D, PadToMultiple
from dlapps.models.generative.perceptual_model import PerceptualModel

HALVINGS = 2


def fast_style_transfer(
    input_shape: tuple[int | None, int | None, int],
    *,
    filters: Positive = 32,
    residual_blocks: Positive = 5,
    kernel_size: Literal[3, 5, 7, 9] = 9,
) -> PerceptualModel:
    """From images in [0, 1] of any size to pictures of the same size.

    Two convolutions halve the image, `residual_blocks` follow, two double it again. The first
    convolution has `filters` maps, 4 times as many are between; the first and the last see
    `kernel_size` pixels. The defaults are the paper's.

    Departures: what comes out is a change of the image's own logits, so that training begins with
    the image as it is; maps are doubled by repeating pixels before a convolution, which leaves no
    checkerboard (Odena, Dumoulin, Olah 2016); every convolution mirrors its border, where the
    paper mirrors that of the image.
    """
    image = keras.Input((None, None, input_shape[-1]), name="image")
    padded = PadToMultiple(2**HALVINGS, name="padding")(image)
    x = layers.Rescaling(2.0, offset=-1.0, name="contrast")(padded)
    x = _convolution(x, filters, kernel_size, "conv1")
    for number in range(HALVINGS):
        x = _convolution(x, filters * 2 ** (number + 1), 3, f"down{number + 1}", strides=2)
    for number in range(residual_blocks):
        x = _residual_block(x, f"block{number + 1}")
    for number in reversed(range(HALVINGS)):
        x = layers.UpSampling2D(2, name=f"doubled{HALVINGS - number}")(x)
        x = _convolution(x, filters * 2**number, 3, f"up{HALVINGS - number}")
    x = MirrorPadding2D(kernel_size // 2, name="picture_padding")(x)
    x = layers.Conv2D(3, kernel_size, kernel_initializer="zeros", name="colours")(x)
    x = layers.Add(name="change")([x, layers.Rescaling(5.0, offset=-2.5, name="logits")(padded)])
    x = layers.Activation("sigmoid", dtype="float32", name="unit_interval")(x)
    picture = CropLike(name="picture", dtype="float32")([x, image])
    return PerceptualModel(image, picture, name="fast_style_transfer")


def _residual_block(x: Any, name: str) -> Any:
    channels = x.shape[-1]
    branch = _convolution(x, channels, 3, f"{name}_conv1")
    branch = _convolution(branch, channels, 3, f"{name}_conv2", activation="linear")
    return layers.Add(name=name)([x, branch])


def _convolution(
    x: Any, filters: int, size: int, name: str, strides: int = 1, activation: str = "relu"
) -> Any:
    x = MirrorPadding2D(size // 2, name=f"{name}_padding")(x)
    # What a bias adds, instance normalization takes away.
    x = layers.Conv2D(filters, size, strides, use_bias=False, name=f"{name}_conv")(x)
    x = layers.GroupNormalization(groups=-1, name=f"{name}_normalization")(x)
    return layers.Activation(activation, name=name)(x)

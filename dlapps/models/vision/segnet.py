"""SegNet (Badrinarayanan, Kendall, Cipolla 2017, "SegNet: a deep convolutional encoder-decoder
architecture for image segmentation")."""

from typing import Annotated, Any

import keras
from keras import layers
from pydantic import Field

from dlapps.config.section import Fraction, Positive
from dlapps.layers.batch_normalization import BatchNormalization
from dlapps.layers.padding import CropLike, PadToMultiple
from dlapps.layers.pooling_switches import PoolingSwitches
from dlapps.models.vision.vgg import CONVOLUTIONS, WIDENING

LEVELS = tuple(zip(CONVOLUTIONS[16], WIDENING, strict=True))
"""Of VGG-16: how many convolutions each level has, and how many times as wide as the first."""


def segnet(
    input_shape: tuple[int | None, int | None, int],
    num_outputs: int,
    *,
    filters: Positive = 64,
    depth: Annotated[int, Field(ge=1, le=len(LEVELS))] = 5,
    dropout: Fraction = 0.0,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are the logits [N, H, W, num_outputs].

    Height and width may be None, and any image may be given, as with `unet`. The thirteen
    convolutions of VGG-16 and their mirror image, each with batch normalization and ReLU. The
    decoder puts what it was given where pooling had found its maxima, and convolves the sparse maps
    into dense ones. `filters` is the width of the first level, `depth` how many of VGG's five there
    are; `dropout` follows the third pooling and all below, and precedes their unpooling, as in the
    Bayesian SegNet of the same authors (2015). The defaults are the paper's: 29,457,291 parameters
    for three channels and eleven classes, of which 29,441,419 are trained. The parts to look at are
    called down1, down2, ..., bottom, ..., up2, up1.

    Departures: convolutions before a batch normalization have no biases of their own.
    """
    levels = LEVELS[:depth]

    def block(x: Any, widths: list[int], name: str) -> Any:
        for number, width in enumerate(widths, 1):
            is_last = number == len(widths)
            x = layers.Conv2D(
                width, 3, padding="same", use_bias=False,
                kernel_initializer="he_normal", name=f"{name}_conv{number}",
            )(x)  # fmt: skip
            x = BatchNormalization(name=f"{name}_normalization{number}")(x)
            x = layers.Activation("relu", name=name if is_last else f"{name}_relu{number}")(x)
        return x

    def dropped(x: Any, level: int, name: str) -> Any:
        return layers.Dropout(dropout, name=name)(x) if dropout and level > 2 else x

    inputs = keras.Input(input_shape, name="image")
    x = PadToMultiple(2 ** len(levels), name="padding")(inputs)
    x = layers.Rescaling(2.0, offset=-1.0, name="contrast")(x)
    switches = {}
    for level, (count, widening) in enumerate(levels, 1):
        x = block(x, [filters * widening] * count, f"down{level}")
        switches[level] = PoolingSwitches(name=f"switches{level}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{level}")(x)
        x = dropped(x, level, f"down{level}_dropout")
    x = layers.Identity(name="bottom")(x)
    for level in range(len(levels), 0, -1):
        count, widening = levels[level - 1]
        # The last convolution is as narrow as the level above; that of the first gives the scores.
        above = [filters * levels[level - 2][1]] if level > 1 else []
        x = dropped(x, level, f"up{level}_dropout")
        x = layers.UpSampling2D(2, name=f"up{level}_sampling")(x)
        x = layers.Multiply(name=f"unpool{level}")([x, switches[level]])
        x = block(x, [filters * widening] * (count - 1) + above, f"up{level}")
    x = layers.Conv2D(num_outputs, 3, padding="same", name="scores", dtype="float32")(x)
    outputs = CropLike(name="logits", dtype="float32")([x, inputs])
    return keras.Model(inputs, outputs, name="segnet")

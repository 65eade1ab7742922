"""U-Net (Ronneberger, Fischer, Brox 2015, "U-Net: convolutional networks for biomedical image
segmentation")."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.batch_normalization import BatchNormalization
from dlapps.layers.padding import CropLike, PadToMultiple


def unet(
    input_shape: tuple[int | None, int | None, int],
    num_outputs: int,
    *,
    filters: Positive = 64,
    depth: Positive = 4,
    dropout: Fraction = 0.0,
    batch_normalization: bool = False,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are the logits [N, H, W, num_outputs].

    Height and width may be None, and any image may be given: one whose sides cannot be halved
    `depth` times is mirrored at its border and the answer cut back. `filters` is the width of the
    first level, doubled with each of the `depth` levels below; `dropout` acts at the end of the
    contracting path. The defaults are the paper's network, but for its unpadded convolutions,
    which answer for the middle of the image alone: 31,030,658 parameters for one channel and two
    classes. The parts to look at are called down1, down2, ..., bottom, ..., up2, up1.
    """

    def block(x, width: int, name: str):
        for number in (1, 2):
            x = layers.Conv2D(
                width,
                3,
                padding="same",
                use_bias=not batch_normalization,
                kernel_initializer="he_normal",
                name=f"{name}_conv{number}",
            )(x)
            if batch_normalization:
                x = BatchNormalization(name=f"{name}_normalization{number}")(x)
            x = layers.Activation("relu", name=name if number == 2 else f"{name}_relu1")(x)
        return x

    inputs = keras.Input(input_shape, name="image")
    x = PadToMultiple(2**depth, name="padding")(inputs)
    x = layers.Rescaling(2.0, offset=-1.0, name="contrast")(x)
    skipped = []
    for level in range(1, depth + 1):
        x = block(x, filters * 2 ** (level - 1), f"down{level}")
        if dropout and level == depth:
            x = layers.Dropout(dropout, name=f"dropout{level}")(x)
        skipped.append(x)
        x = layers.MaxPooling2D(2, name=f"pool{level}")(x)
    x = block(x, filters * 2**depth, "bottom")
    if dropout:
        x = layers.Dropout(dropout, name="dropout_bottom")(x)
    for level in range(depth, 0, -1):
        width = filters * 2 ** (level - 1)
        x = layers.Conv2DTranspose(
            width, 2, strides=2, kernel_initializer="he_normal", name=f"up{level}_conv"
        )(x)
        x = layers.Concatenate(name=f"skip{level}")([skipped[level - 1], x])
        x = block(x, width, f"up{level}")
    x = layers.Conv2D(num_outputs, 1, name="scores", dtype="float32")(x)
    outputs = CropLike(name="logits", dtype="float32")([x, inputs])
    return keras.Model(inputs, outputs, name="unet")

"""ZFNet (Zeiler, Fergus 2013, "Visualizing and understanding convolutional networks")."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.local_response_normalization import LocalResponseNormalization
from dlapps.models.vision.dense_head import dense_head
from dlapps.models.vision.images import image_input
from dlapps.models.vision.pooling import overlapping_max_pooling


def zfnet(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    local_response_normalization: bool = True,
    dropout: Fraction = 0.5,
    dense_units: Positive | None = None,
    small_images: bool = False,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are logits.

    The defaults are the paper's figure 3: 62,357,608 parameters for 224x224 pixels in three
    channels and 1000 classes. The paper gives no number; it follows from its sizes, and is what
    other implementations of the figure state (osmr/imgclsmob). The parts to look at are called
    conv1, conv1_relu, pool1, ..., conv5_relu, pool5, dense6, dense7.

    `local_response_normalization`, the figure's "contrast norm", follows pool1 and pool2;
    `dropout` follows both hidden dense layers of `dense_units` units (default 4096).
    `small_images`, of 28 to 64 pixels, lets conv1 and conv2 see every place and not every second,
    so that conv5 still has 8x8 places for 32x32 pixels; its dense layers have 512 units by default.

    Departures: the paper does not give the constants of its contrast normalization, which are
    AlexNet's here; weights begin by He's rule, where it has 0.01; filters are not renormalized
    while they learn; pixels are scaled to [-1, 1], where it subtracts the mean image.
    """
    inputs, x = image_input(input_shape, 8 if small_images else 47, "ZFNet")
    if not small_images:
        # What the figure's 110x110 places after conv1 take.
        x = layers.ZeroPadding2D(1, name="padding")(x)
    stem = {"padding": "same"} if small_images else {"strides": 2, "padding": "valid"}
    for number, (filters, size) in enumerate([(96, 7), (256, 5), (384, 3), (384, 3), (256, 3)], 1):
        options = stem if number <= 2 else {"padding": "same"}
        name = f"conv{number}"
        x = layers.Conv2D(filters, size, kernel_initializer="he_normal", name=name, **options)(x)
        x = layers.Activation("relu", name=f"{name}_relu")(x)
        if number in (1, 2, 5):
            x = overlapping_max_pooling(x, f"pool{number}")
        if local_response_normalization and number <= 2:
            x = LocalResponseNormalization(name=f"{name}_normalization")(x)
    outputs = dense_head(
        x, num_outputs, ("dense6", "dense7"),
        dense_units=dense_units, dropout=dropout, small_images=small_images,
    )  # fmt: skip
    return keras.Model(inputs, outputs, name="zfnet")

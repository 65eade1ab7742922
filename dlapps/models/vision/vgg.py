"""VGG (Simonyan, Zisserman 2014, "Very deep convolutional networks for large-scale image
recognition")."""

from typing import Literal

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.models.normalization import Normalization, normalized
from dlapps.models.vision.dense_head import dense_head
from dlapps.models.vision.images import image_input

CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""How many of them each block has, by the depth: the paper's A, B, D and E."""
WIDENING = (1, 2, 4, 8, 8)


def vgg(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    depth: Literal[11, 13, 16, 19] = 16,
    normalization: Normalization = "none",
    groups: Positive = 32,
    dropout: Fraction = 0.5,
    filters: Positive = 64,
    dense_units: Positive | None = None,
    small_images: bool = False,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are logits.

    `depth` counts the layers that learn. For 224x224 pixels in three channels and 1000 classes
    there are 132,863,336 parameters at depth 11, 133,047,848 at 13, 138,357,544 at 16 and
    143,667,240 at 19. Layers have the names, the weights and their order of Keras' VGG16 and VGG19
    (block1_conv1, ..., block5_pool, fc1, fc2, logits), which expect other pixels, however.

    A `normalization` comes between each convolution and its ReLU, then a layer of its own
    (block1_conv1_relu); the convolutions keep their biases, as torchvision's do (batch: 132,868,840
    parameters that learn at depth 11, 138,365,992 at 16). `groups` is the number of groups of
    "group". `filters` is the width of the first block, from which the others are 2, 4, 8 and 8
    times as wide; `dropout` follows both hidden dense layers of `dense_units` units (default 4096).
    `small_images`, of 28 to 64 pixels, leaves out the pooling after block 4, so that block 5 still
    has 4x4 places for 32x32 pixels; its dense layers have 512 units by default.

    Departures: weights begin by He's rule, where the paper trains a shallow network first; pixels
    are scaled to [-1, 1], where it subtracts the mean colour.
    """
    is_plain = normalization == "none"
    inputs, x = image_input(input_shape, 16 if small_images else 32, "VGG")
    for block, count in enumerate(CONVOLUTIONS[depth], 1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(
                filters * WIDENING[block - 1],
                3,
                padding="same",
                activation="relu" if is_plain else None,
                kernel_initializer="he_normal",
                name=name,
            )(x)
            if not is_plain:
                x = normalized(x, normalization, f"{name}_normalization", groups=groups)
                x = layers.Activation("relu", name=f"{name}_relu")(x)
        if not (small_images and block == 4):
            x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    outputs = dense_head(
        x, num_outputs, ("fc1", "fc2"),
        dense_units=dense_units, dropout=dropout, small_images=small_images,
    )  # fmt: skip
    return keras.Model(inputs, outputs, name=f"vgg{depth}")

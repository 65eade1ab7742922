"""A plain convolutional network (LeCun et al. 1989, "Backpropagation applied to handwritten zip
code recognition", with what was learned since)."""

from typing import Any, Literal

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.activations import Activation, activated, width_before
from dlapps.models.normalization import Normalization, normalized
from dlapps.models.vision.images import image_input


def convolutional_network(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    filters: list[Positive] = [32, 64],  # noqa: B006 - a config's default, never changed
    kernel_size: Positive = 3,
    convolutions_a_block: Positive = 1,
    widths: list[Positive] = [],  # noqa: B006
    activation: Activation = "relu",
    normalization: Normalization = "none",
    groups: Positive = 8,
    pooling: Literal["max", "average"] = "max",
    global_pooling: bool = False,
    spatial_dropout: Fraction = 0.0,
    dropout: Fraction = 0.0,
) -> keras.Model:
    """Blocks of convolutions, each halved by pooling, then dense layers; outputs are logits.

    `filters` are the channels of each block's `convolutions_a_block` convolutions of
    `kernel_size`, padded, and each followed by `normalization` (`groups` is the number of groups
    of "group") and `activation`. `global_pooling` averages the last maps, else all their places
    are kept. `widths` are the hidden dense layers between them and the logits. `spatial_dropout`
    drops whole maps after each pooling, `dropout` numbers before each dense layer. The parts to
    look at are called conv1, conv2, ..., and pool1, pool2, ...
    """

    def finished(x: Any, name: str) -> Any:
        x = normalized(x, normalization, f"{name}_normalization", groups=groups)
        return activated(x, activation, f"{name}_{activation}")

    learned = {"use_bias": normalization == "none", "kernel_initializer": "he_normal"}
    inputs, x = image_input(input_shape, 2 ** len(filters), "The convolutional network")
    pooled = layers.MaxPooling2D if pooling == "max" else layers.AveragePooling2D
    number = 0
    for block, channels in enumerate(filters, 1):
        for _ in range(convolutions_a_block):
            number += 1
            name, width = f"conv{number}", width_before(activation, channels)
            x = layers.Conv2D(width, kernel_size, padding="same", name=name, **learned)(x)
            x = finished(x, name)
        x = pooled(2, name=f"pool{block}")(x)
        if spatial_dropout:
            x = layers.SpatialDropout2D(spatial_dropout, name=f"spatial_dropout{block}")(x)
    flat = layers.GlobalAveragePooling2D if global_pooling else layers.Flatten
    x = flat(name="flatten")(x)
    for hidden, units in enumerate(widths, 1):
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout{hidden}")(x)
        name = f"dense{hidden}"
        x = layers.Dense(width_before(activation, units), name=name, **learned)(x)
        x = finished(x, name)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="convolutional_network")

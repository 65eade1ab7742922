"""AlexNet (Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional
neural networks"), and its form in one tower (Krizhevsky 2014, "One weird trick for parallelizing
convolutional neural networks")."""

from typing import Any

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.local_response_normalization import LocalResponseNormalization
from dlapps.models.vision.dense_head import dense_head
from dlapps.models.vision.images import image_input

ONE_TOWER = (64, 192, 384, 256, 256)
TWO_TOWERS = (96, 256, 384, 384, 256)
"""The channels of conv1 to conv5, of both towers together."""
POOLED = (1, 2, 5)


def alexnet(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    two_towers: bool = False,
    local_response_normalization: bool = False,
    dropout: Fraction = 0.5,
    dense_units: Positive | None = None,
    small_images: bool = False,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are logits.

    By default the one tower of 2014, as torchvision has it: 61,100,840 parameters for 224x224
    pixels in three channels and 1000 classes. `two_towers` is the network of 2012, computed on two
    GPUs that met at conv3 and in the dense layers: 60,965,224 parameters for 227x227 (the paper
    says 224, from which its sizes do not follow). Its layers are called conv2_top, conv2_bottom,
    and so on; the parts to look at of one tower conv1, conv1_relu, pool1, ..., dense7.

    `local_response_normalization` follows conv1 and conv2, within a tower, in both papers;
    `dropout` follows both hidden dense layers of `dense_units` units (default 4096).
    `small_images`, of 28 to 64 pixels, sees 5x5 pixels at every place where the published network
    sees 11x11 at every fourth, so that conv5 still has 7x7 places for 32x32 pixels; its dense
    layers have 512 units by default.

    Departures: weights begin by He's rule and biases with 0, where the paper has a deviation of
    0.01 and ones; pixels are scaled to [-1, 1], where it subtracts the mean image.
    """
    smallest = 15 if small_images else 67 if two_towers else 63
    towers = ("_top", "_bottom") if two_towers else ("",)

    def convolution(x: Any, number: int, filters: int, tower: str) -> Any:
        name = f"conv{number}{tower}"
        size, strides, padding = {1: 11, 2: 5}.get(number, 3), 1, "same"
        if number == 1:
            size, strides, padding = (5, 1, "same") if small_images else (11, 4, "valid")
        x = layers.Conv2D(
            filters, size, strides, padding=padding, kernel_initializer="he_normal", name=name
        )(x)
        x = layers.Activation("relu", name=f"{name}_relu")(x)
        if local_response_normalization and number <= 2:
            x = LocalResponseNormalization(name=f"{name}_normalization")(x)
        if number in POOLED:
            x = layers.MaxPooling2D(3, strides=2, name=f"pool{number}{tower}")(x)
        return x

    def joined(maps: list[Any], name: str) -> Any:
        return layers.Concatenate(name=name)(maps) if two_towers else maps[0]

    inputs, x = image_input(input_shape, smallest, "AlexNet")
    if not (two_towers or small_images):
        x = layers.ZeroPadding2D(2, name="padding")(x)
    maps = [x] * len(towers)
    for number, filters in enumerate(TWO_TOWERS if two_towers else ONE_TOWER, 1):
        if number == 3:
            maps = [joined(maps, "towers2")] * len(towers)
        width = filters // len(towers)
        maps = [convolution(x, number, width, tower) for x, tower in zip(maps, towers, strict=True)]
    outputs = dense_head(
        joined(maps, "towers5"), num_outputs, ("dense6", "dense7"),
        dense_units=dense_units, dropout=dropout, small_images=small_images,
    )  # fmt: skip
    return keras.Model(inputs, outputs, name="alexnet")

"""Stacks of strided convolutions between images and feature maps of any size."""

import math
from collections.abc import Sequence
from typing import Any

from keras import layers

from dlapps.layers.batch_normalization import BatchNormalization

STRIDE = 2


def downsampling(
    x: Any,
    filters: Sequence[int],
    *,
    kernel_size: int = 3,
    negative_slope: float = 0.0,
    batch_normalization: bool = False,
    initializer: str = "glorot_uniform",
) -> Any:
    """Feature maps a half as large, rounded up, after each of the convolutions.

    Activations are ReLU, leaky with a `negative_slope`; the first convolution is not normalized.
    """
    for number, count in enumerate(filters, 1):
        x = layers.Conv2D(
            count, kernel_size, STRIDE, "same",
            kernel_initializer=initializer, name=f"convolution{number}",
        )(x)  # fmt: skip
        if batch_normalization and number > 1:
            x = BatchNormalization(name=f"convolution{number}_normalization")(x)
        x = layers.ReLU(negative_slope=negative_slope, name=f"convolution{number}_relu")(x)
    return x


def upsampling(
    latent: Any,
    image_shape: tuple[int, int, int],
    filters: Sequence[int],
    *,
    kernel_size: int = 3,
    batch_normalization: bool = False,
    initializer: str = "glorot_uniform",
) -> Any:
    """Linear outputs of `image_shape`, made from a latent [N, L].

    A dense layer makes the smallest maps, of filters[0] channels; each transposed convolution
    doubles them, and what goes beyond the image in the end is cropped.
    """
    height, width, channels = image_shape
    scale = STRIDE ** len(filters)
    smallest = (math.ceil(height / scale), math.ceil(width / scale), filters[0])

    def activated(x: Any, name: str) -> Any:
        if batch_normalization:
            x = BatchNormalization(name=f"{name}_normalization")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    def doubled(x: Any, count: int, name: str) -> Any:
        return layers.Conv2DTranspose(
            count, kernel_size, STRIDE, "same", kernel_initializer=initializer, name=name
        )(x)

    x = layers.Dense(math.prod(smallest), kernel_initializer=initializer, name="projection")(latent)
    x = activated(layers.Reshape(smallest, name="smallest_maps")(x), "projection")
    for number, count in enumerate(filters[1:], 1):
        x = activated(doubled(x, count, f"transposed{number}"), f"transposed{number}")
    x = doubled(x, channels, f"transposed{len(filters)}")
    beyond = ((0, smallest[0] * scale - height), (0, smallest[1] * scale - width))
    x = layers.Cropping2D(beyond, name="cropped")(x)
    return layers.Activation("linear", dtype="float32", name="pixels")(x)

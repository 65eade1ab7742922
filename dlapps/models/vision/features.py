"""The maps that a network trained on ImageNet has of images: perceptual losses measure in them."""

import math
from collections.abc import Sequence

import keras
import numpy as np

from dlapps.errors import UsageError, did_you_mean
from dlapps.layers.padding import MirrorPadding2D
from dlapps.models.vision.images import check_size
from dlapps.models.vision.pretrained import SMALLEST, Backbone, pretrained

BORDER = 8
"""Pixels that are mirrored around an image: one painted right up to zeros gets a bright frame."""


def feature_network(
    input_shape: tuple[int, int, int],
    layers: Sequence[str],
    setting: str,
    *,
    backbone: Backbone,
    weights: str,
) -> keras.Model:
    """From images in [0, 1] to the maps [N, h, w, C] of `layers`, by their names; it never learns.

    The maps are of the image within a mirrored border, and so a little larger than of it alone.
    `backbone` and `weights` are as `pretrained` takes them; with weights `none` they are random,
    but the same everywhere. Raises UsageError, which names the `setting`, for a layer that is not
    there or gives no maps.
    """
    check_size(input_shape, SMALLEST, backbone)
    images = keras.Input(input_shape)
    bordered = MirrorPadding2D(BORDER)(images)
    network = pretrained(bordered.shape[1:], 1, backbone=backbone, weights=weights)
    outputs = {layer.name: layer.output for layer in network.layers}
    with_maps = [name for name, output in outputs.items() if len(output.shape) == 4]
    for name in layers:
        if name not in with_maps:
            raise UsageError(f"{setting} cannot be {name!r}" + did_you_mean(name, with_maps))
    maps = keras.Model(network.input, {name: outputs[name] for name in layers})
    if weights == "none":
        _draw_kernels(maps)
    features = keras.Model(images, maps(bordered))
    features.trainable = False
    return features


def _draw_kernels(network: keras.Model) -> None:
    """Draws the kernels by He's rule from a generator that gives the same on every machine."""
    random = np.random.RandomState(0)
    for weight in network.weights:
        if len(weight.shape) == 4:
            # A depthwise kernel [h, w, C, 1] sees one channel.
            inputs = math.prod(weight.shape[: 2 if "depthwise" in weight.path else 3])
            weight.assign(random.normal(0, math.sqrt(2 / inputs), weight.shape))

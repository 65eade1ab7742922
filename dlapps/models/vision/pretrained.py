"""Networks that others trained on ImageNet, with a new head for classes of one's own."""

import contextlib
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import keras
from keras import layers

from dlapps.config.section import Fraction
from dlapps.errors import DlappsError, UsageError, reason
from dlapps.layers.pixel_scale import PixelScale, Scale
from dlapps.models.transferred import Transferred
from dlapps.models.vision.efficientnet_lite0 import (
    efficientnet_lite0,
    load_efficientnet_lite0_weights,
)
from dlapps.models.vision.images import check_size
from dlapps.models.vision.published_weights import find_file, find_weights, place_of
from dlapps.models.vision.squeezenet import load_squeezenet_weights, squeezenet

Backbone = Literal[
    "efficientnet_lite0", "squeezenet",
    "ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge",
    "DenseNet121", "DenseNet169", "DenseNet201",
    "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4",
    "EfficientNetB5", "EfficientNetB6", "EfficientNetB7",
    "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3",
    "EfficientNetV2S", "EfficientNetV2M", "EfficientNetV2L",
    "InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Small",
    "MobileNetV3Large", "NASNetMobile", "NASNetLarge", "ResNet50", "ResNet101", "ResNet152",
    "ResNet50V2", "ResNet101V2", "ResNet152V2", "VGG16", "VGG19", "Xception",
]  # fmt: skip
"""Two of ours, and all of keras.applications by their names there."""

SCALES: dict[str, Scale] = {
    "ConvNeXt": "bytes",
    "DenseNet": "torch",
    "EfficientNet": "bytes",
    "Inception": "tf",
    "MobileNetV3": "bytes",
    "MobileNet": "tf",
    "NASNet": "tf",
    "ResNet50V2": "tf",
    "ResNet101V2": "tf",
    "ResNet152V2": "tf",
    "ResNet": "caffe",
    "VGG": "caffe",
    "Xception": "tf",
}
"""The pixels that each of Keras' families takes, by the beginning of its names."""

SMALLEST = 32
KERAS_FOLDER = "keras_applications"
"""The folder of DLAPPS_MANUAL_DIR in which the files of keras.applications are looked for."""


def pretrained(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    backbone: Backbone = "efficientnet_lite0",
    weights: str = "imagenet",
    dropout: Fraction = 0.2,
) -> Transferred:
    """A `backbone` on images in [0, 1], its maps averaged, and a new last layer that gives logits.

    `weights` are `imagenet`, the path of a file of weights, or `none` to begin from random ones.
    Those of our own networks are found in DLAPPS_MANUAL_DIR, those of Keras' there (in
    keras_applications/), in Keras' cache, or by download. Grey images are given to all three
    channels. Images may have any size from 32 pixels a side on; what was learned of 224 pixels is
    best used at about that. `dropout` precedes the last layer.
    """
    check_size(input_shape, SMALLEST, backbone)
    features = (_ours if backbone in OURS else _of_keras)(input_shape, backbone, weights)
    x = layers.Dropout(dropout, name="head_dropout")(features.output)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return Transferred(features.input, outputs, head=["head_dropout", "logits"], name="pretrained")


def _lite0_features(shape: tuple[int, int, int]) -> keras.Model:
    # Nothing is dropped at random of what is to be kept.
    network = efficientnet_lite0(shape, 1, dropout=0.0, stochastic_depth=0.0)
    return keras.Model(network.input, network.get_layer("pool").output)


def _squeezenet_features(shape: tuple[int, int, int]) -> keras.Model:
    network = squeezenet(shape, 1)
    pooled = layers.GlobalAveragePooling2D(name="pool")(network.get_layer("fire9").output)
    return keras.Model(network.input, pooled)


OURS: dict[str, tuple[Callable[..., keras.Model], Callable[..., None], str, str]] = {
    "efficientnet_lite0": (
        _lite0_features,
        load_efficientnet_lite0_weights,
        "efficientnet_lite0_imagenet",
        "efficientnet_lite0.npz",
    ),
    "squeezenet": (
        _squeezenet_features,
        load_squeezenet_weights,
        "squeezenet_imagenet",
        "squeezenet_v1_0.npz",
    ),
}
"""How each is built up to its averaged maps and given its weights; their folder and file."""


def _ours(input_shape: tuple[int, int, int], backbone: str, weights: str) -> keras.Model:
    build, load, folder, file = OURS[backbone]
    network = build(input_shape)
    if weights == "imagenet":
        load(network, find_weights(folder, file, f"The weights of {backbone}"), head=False)
    elif weights != "none":
        load(network, Path(weights).expanduser(), head=False)
    return network


def _of_keras(input_shape: tuple[int, int, int], backbone: str, weights: str) -> keras.Model:
    colours = image = keras.Input(input_shape, name="image")
    if input_shape[-1] == 1:
        colours = layers.Concatenate(name="colours")([image, image, image])
    (scale, *_) = (scale for family, scale in SCALES.items() if backbone.startswith(family))
    pixels = PixelScale(scale, name="contrast")(colours)
    application = functools.partial(
        getattr(keras.applications, backbone),
        include_top=False, input_tensor=pixels, pooling="avg",
    )  # fmt: skip
    try:
        if weights == "imagenet":
            return _downloaded(application, backbone)
        return application(weights=None if weights == "none" else str(Path(weights).expanduser()))
    except (OSError, ValueError) as error:
        height, width, _ = input_shape
        raise UsageError(
            f"model.weights {weights}, or images of {height}x{width}, do not fit {backbone} "
            f"without its head: {reason(error)}."
        ) from error


def _downloaded(application: Callable[..., keras.Model], backbone: str) -> keras.Model:
    """Keras' network with the weights that Keras finds or downloads."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # Keras tells of the download; stdout is ours.
            return application(weights="imagenet")
    except Exception as error:  # Keras raises a bare one, whose text has the address.
        address = next((w for w in str(error).split() if w.startswith("http")), None)
        if address is None:
            raise
        file = os.path.basename(urlsplit(address.rstrip(":.")).path)
        found = find_file(KERAS_FOLDER, file)
        if found is not None:
            return application(weights=str(found))
        raise DlappsError(
            f"The weights of {backbone} are not on this machine and {urlsplit(address).netloc} "
            f"does not answer; put {file} into ~/.keras/models, or into {place_of(KERAS_FOLDER)}."
        ) from error

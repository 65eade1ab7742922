"""What a captioner sees of a photo: the last maps of a network trained on ImageNet, or of a small
one that learns with it."""

import keras
from keras import layers

from dlapps.models.normalization import normalized
from dlapps.models.vision.pretrained import Backbone, pretrained

CHANNELS = (16, 32, 64, 64)


def pretrained_encoder(
    image_shape: tuple[int, int, int], backbone: Backbone, weights: str, side: int | None
) -> keras.Model:
    """From images in [0, 1] to the last maps [N, h, w, C] of a `backbone`, which never learns.

    Images are scaled to `side` pixels before, where it is given. `backbone` and `weights` are as
    `pretrained` takes them.
    """
    shape = image_shape if side is None else (side, side, image_shape[-1])
    network = pretrained(shape, 1, backbone=backbone, weights=weights)
    *_, maps = (layer.output for layer in network.layers if len(layer.output.shape) == 4)
    image = keras.Input(image_shape, name="image")
    scaled = image
    if side is not None:
        scaled = layers.Resizing(side, side, antialias=True, name="scaled")(image)
    encoder = keras.Model(
        image, keras.Model(network.input, maps, name=backbone)(scaled), name="encoder"
    )
    encoder.trainable = False
    return encoder


def convolutional_encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """From images in [0, 1] to maps [N, H / 8, W / 8, 64], by four convolutions of 3x3 pixels.

    A place of the maps sees 38 pixels a side.
    """
    x = image = keras.Input(image_shape, name="image")
    for number, channels in enumerate(CHANNELS, 1):
        x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.Activation("relu", name=f"relu{number}")(normalized(x, "batch", f"norm{number}"))
        if number < len(CHANNELS):
            x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    return keras.Model(image, x, name="encoder")

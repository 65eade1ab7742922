"""Fully convolutional networks (Long, Shelhamer, Darrell 2015, "Fully convolutional networks for
semantic segmentation")."""

from typing import Any, Literal

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.bilinear import Bilinear
from dlapps.layers.padding import CropLike
from dlapps.models.vision.encoders import Encoder, encoded


def fcn(
    input_shape: tuple[int | None, int | None, int],
    num_outputs: int,
    *,
    encoder: Encoder = "efficientnet_lite0",
    weights: str = "imagenet",
    filters: Positive = 64,
    stride: Literal[8, 16, 32] = 8,
    head_filters: Positive | None = None,
    dropout: Fraction = 0.5,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are the logits [N, H, W, num_outputs].

    Height and width may be None, and any image may be given, as with `unet`. The coarsest maps of
    an `encoder`, whose `weights` and `filters` are as `encoded` has them, are scored place by
    place. With `stride` 32 the scores are enlarged 32 times (FCN-32s); with 16 or 8 they are
    enlarged twice, added to the scores of finer maps, once or twice over, and enlarged the rest of
    the way (FCN-16s, FCN-8s). What enlarges begins as bilinear interpolation, and the last remains
    it; the scores of finer maps begin as zero. `head_filters` is the width of a 7x7 and of a 1x1
    convolution before the coarsest scores, each followed by `dropout`: the paper's, on vgg16, have
    4096. Without a width there are none, and the coarsest maps are dropped out before they are
    scored. These maps are called bottom.

    Departures: vgg16 has batch normalization, and the border is mirrored, where the paper adds 100
    pixels all around.
    """

    def scored(x: Any, name: str, kernel_initializer: str) -> Any:
        return layers.Conv2D(
            num_outputs, 1, kernel_initializer=kernel_initializer, name=name, dtype="float32"
        )(x)

    def enlarged(x: Any, times: int, name: str, **options: Any) -> Any:
        return layers.Conv2DTranspose(
            num_outputs, 2 * times, strides=times, padding="same", use_bias=False,
            kernel_initializer=Bilinear(), name=name, dtype="float32", **options,
        )(x)  # fmt: skip

    image, maps = encoded(input_shape, encoder, weights, filters)
    x = maps[32]
    for number, size in enumerate((7, 1) if head_filters else (), 1):
        x = layers.Conv2D(
            head_filters, size, padding="same", activation="relu",
            kernel_initializer="he_normal", name=f"head{number}",
        )(x)  # fmt: skip
        x = layers.Dropout(dropout, name=f"head{number}_dropout")(x)
    if not head_filters:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Identity(name="bottom")(x)
    x = scored(x, "scores32", "glorot_uniform")
    for finer in (16, 8):
        if finer >= stride:
            x = enlarged(x, 2, f"up{finer}")
            x = layers.Add(name=f"sum{finer}")([x, scored(maps[finer], f"scores{finer}", "zeros")])
    x = enlarged(x, stride, "scores", trainable=False)
    outputs = CropLike(name="logits", dtype="float32")([x, image])
    return keras.Model(image, outputs, name=f"fcn{stride}")

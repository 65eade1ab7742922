"""DeepLabv3 (Chen, Papandreou, Schroff, Adam 2017, "Rethinking atrous convolution for semantic
image segmentation"), and the decoder of its successor."""

from typing import Annotated, Any, Literal

import keras
from keras import layers
from pydantic import Field

from dlapps.config.section import Fraction, Positive
from dlapps.errors import UsageError
from dlapps.layers.batch_normalization import BatchNormalization
from dlapps.layers.bilinear import BilinearUpSampling2D
from dlapps.layers.padding import CropLike
from dlapps.models.vision.encoders import ENDPOINTS, Encoder, encoded

FINE_FILTERS = 48
"""Channels that are left of the fine maps, so that they do not outweigh the others."""
COARSE: Literal[16] = 16
FINE = 4
Rates = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=8)]


def deeplab(
    input_shape: tuple[int | None, int | None, int],
    num_outputs: int,
    *,
    encoder: Encoder = "efficientnet_lite0",
    weights: str = "imagenet",
    filters: Positive = 64,
    rates: Rates = (6, 12, 18),
    pyramid_filters: Positive = 256,
    decoder: bool = False,
    finest_stride: Literal[2, 4] = 4,
    dropout: Fraction = 0.1,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are the logits [N, H, W, num_outputs].

    Height and width may be None, and any image may be given, as with `unet`. The maps of an
    `encoder` at stride 16, whose `weights` and `filters` are as `encoded` has them, go through
    atrous spatial pyramid pooling: beside one another a 1x1 convolution, a 3x3 convolution for each
    of the `rates`, which are the places from one of its nine weights to the next, and the average
    of the image, all of `pyramid_filters` channels; together they are convolved once more. The
    rates are for maps of 32 places a side and more: smaller images want smaller ones. `dropout`
    precedes the scores, which are enlarged bilinearly.

    With the `decoder` of DeepLabv3+ (Chen et al. 2018) the pyramid is enlarged to stride 4, joined
    by 48 channels of the encoder's maps of that stride, and convolved twice before it is scored.
    With a `finest_stride` of 2, for what is thin, the same is done once more at that stride, at
    half the width and convolved once.

    The parts to look at are called bottom, which is the pyramid, and, of the decoder, refined.
    Raises UsageError where the encoder has no maps of stride 2, or there is no decoder to go there.
    """
    if finest_stride < FINE and (not decoder or finest_stride not in ENDPOINTS[encoder]):
        as_fine = " or ".join(name for name, maps in ENDPOINTS.items() if finest_stride in maps)
        raise UsageError(
            f"model.finest_stride {finest_stride} is for a decoder on {as_fine}: set model.decoder "
            "to true and model.encoder to one of these."
        )
    image, maps = encoded(input_shape, encoder, weights, filters, coarsest=COARSE)
    x = _pyramid(maps[COARSE], pyramid_filters, rates)
    stride = finest_stride if decoder else COARSE
    if decoder:
        x = BilinearUpSampling2D(COARSE // FINE, name="enlarged")(x)
        fine = _convolved(maps[FINE], FINE_FILTERS, 1, "fine")
        x = layers.Concatenate(name="joined")([x, fine])
        x = _convolved(x, pyramid_filters, 3, "refined1")
        x = _convolved(x, pyramid_filters, 3, "refined" if stride == FINE else "refined2")
    if stride < FINE:
        x = BilinearUpSampling2D(FINE // stride, name="enlarged_again")(x)
        finest = _convolved(maps[stride], FINE_FILTERS // 2, 1, "finest")
        x = layers.Concatenate(name="joined_again")([x, finest])
        x = _convolved(x, pyramid_filters // 2, 3, "refined")
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Conv2D(num_outputs, 1, name="coarse_scores", dtype="float32")(x)
    x = BilinearUpSampling2D(stride, name="scores", dtype="float32")(x)
    outputs = CropLike(name="logits", dtype="float32")([x, image])
    return keras.Model(image, outputs, name="deeplab")


def _pyramid(x: Any, filters: int, rates: tuple[int, ...]) -> Any:
    """Maps of what is seen at several distances, and of the image as a whole."""
    branches = [_convolved(x, filters, 1, "pyramid1")]
    branches += [
        _convolved(x, filters, 3, f"pyramid{number}", rate) for number, rate in enumerate(rates, 2)
    ]
    average = layers.GlobalAveragePooling2D(keepdims=True, name="average")(x)
    average = _convolved(average, filters, 1, "average_pyramid")
    x = layers.Concatenate(name="pyramid")(branches)
    # A 1x1 convolution of all: that of the average is one for every place, so it is added there.
    x = layers.Add(name="bottom_sum")(
        [_convolution(x, filters, 1, "bottom"), _convolution(average, filters, 1, "bottom_average")]
    )
    x = BatchNormalization(name="bottom_normalization")(x)
    return layers.Activation("relu", name="bottom")(x)


def _convolved(x: Any, filters: int, size: int, name: str, rate: int = 1) -> Any:
    x = _convolution(x, filters, size, name, rate)
    x = BatchNormalization(name=f"{name}_normalization")(x)
    return layers.Activation("relu", name=name)(x)


def _convolution(x: Any, filters: int, size: int, name: str, rate: int = 1) -> Any:
    return layers.Conv2D(
        filters, size, padding="same", dilation_rate=rate, use_bias=False,
        kernel_initializer="he_normal", name=f"{name}_conv",
    )(x)  # fmt: skip

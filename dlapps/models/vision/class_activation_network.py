"""Networks that say what is in an image, and by the way where (Zhou, Khosla, Lapedriza, Oliva,
Torralba 2016, "Learning deep features for discriminative localization")."""

from typing import Annotated, Any, Literal

import keras
from keras import layers
from pydantic import Field

from dlapps.config.section import Fraction, Positive
from dlapps.layers.batch_normalization import BatchNormalization
from dlapps.layers.multiple_instance_pooling import (
    GatedAttention,
    LogSumExpPooling,
    Pooling,
    WeightedSum,
)
from dlapps.models.vision.encoders import Encoder, encoded
from dlapps.models.vision.images import image_input

SMALLEST = 32
LOCALIZATION = "localization"
"""The layer whose maps [N, h, w, C] say where each class is."""
FEATURES = "features"
"""The layer whose maps the classes are told by."""


def class_activation_network(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    encoder: Literal["plain"] | Encoder = "efficientnet_lite0",
    weights: str = "imagenet",
    filters: Positive = 32,
    stride: Literal[4, 8, 16, 32] = 16,
    head_filters: Positive | None = None,
    pooling: Pooling = "average",
    sharpness: Annotated[float, Field(gt=0)] = 4.0,
    attention_units: Positive = 64,
    dropout: Fraction = 0.0,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are logits [N, num_outputs], each for itself.

    The maps of an `encoder` at a `stride` (32: its last ones, which at 16 are not halved but have
    kernels with holes) are scored for each class place by place, and the places' scores are pooled:
    by their `average`, their `max`, a `log_sum_exp` of some `sharpness` between these, or weighted
    by a gated `attention` of `attention_units`, one a class. `head_filters` is the width of a 3x3
    convolution before the scores.

    `weights` and `filters` are as `encoded` has them. The encoder `plain` begins with random
    weights. It has 6 convolutions up to stride 4, the last 3 of three times as many filters, so
    that a place sees 39 pixels a side, and 3 more for each further stride.

    The scores are called class_maps; localization are the maps that say where a class is: the
    scores, or the weights of attention.
    """
    image, x = _features(input_shape, encoder, weights, filters, stride)
    if head_filters:
        x = _convolved(x, head_filters, "head")
    x = layers.Identity(name=FEATURES)(x)
    if dropout:
        x = layers.SpatialDropout2D(dropout, name="dropout")(x)
    scores = layers.Conv2D(num_outputs, 1, name="class_maps", dtype="float32")(x)
    if pooling == "attention":
        weighed = GatedAttention(num_outputs, attention_units, name="attention")(x)
        weighed = layers.Identity(name=LOCALIZATION, dtype="float32")(weighed)
        logits = WeightedSum(name="logits", dtype="float32")(scores, weighed)
    else:
        maps = layers.Identity(name=LOCALIZATION, dtype="float32")(scores)
        logits = _pooled(maps, pooling, sharpness)
    return keras.Model(image, logits, name="class_activation_network")


def _pooled(maps: Any, pooling: Pooling, sharpness: float) -> Any:
    if pooling == "average":
        return layers.GlobalAveragePooling2D(name="logits", dtype="float32")(maps)
    if pooling == "max":
        return layers.GlobalMaxPooling2D(name="logits", dtype="float32")(maps)
    return LogSumExpPooling(sharpness, name="logits", dtype="float32")(maps)


def _features(
    input_shape: tuple[int, int, int], encoder: str, weights: str, filters: int, stride: int
) -> tuple[Any, Any]:
    if encoder == "plain":
        return _plain(input_shape, filters, stride)
    coarsest: Literal[16, 32] = 16 if stride == 16 else 32
    image, maps = encoded(input_shape, encoder, weights, filters, coarsest)  # type: ignore[arg-type]
    return image, maps[stride]


def _plain(input_shape: tuple[int, int, int], filters: int, stride: int) -> tuple[Any, Any]:
    """3x3 convolutions after one of 5x5 and stride 2, halved by pooling."""
    image, x = image_input(input_shape, SMALLEST, "The class activation network")
    x = _convolved(x, filters, "stem", size=5, strides=2)
    for number in (1, 2):
        x = _convolved(x, filters, f"stride2_conv{number}")
    for scale in (4, 8, 16, 32):
        if scale <= stride:
            x = layers.MaxPooling2D(2, name=f"stride{scale}_pool")(x)
            for number in (1, 2, 3):
                x = _convolved(x, 3 * filters, f"stride{scale}_conv{number}")
    return image, x


def _convolved(x: Any, filters: int, name: str, size: int = 3, strides: int = 1) -> Any:
    x = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    x = BatchNormalization(momentum=0.95, name=f"{name}_normalization")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)

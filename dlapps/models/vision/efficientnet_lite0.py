"""EfficientNet-Lite0 (TensorFlow's release of 2020, after Tan, Le 2019, "EfficientNet: rethinking
model scaling for convolutional neural networks")."""

from pathlib import Path
from typing import Any, NamedTuple

import keras
from keras import layers

from dlapps.config.section import Fraction
from dlapps.layers.stochastic_depth import StochasticDepth
from dlapps.models.normalization import normalized
from dlapps.models.vision.images import check_size
from dlapps.models.vision.published_weights import fitting_array, read_arrays


class Stage(NamedTuple):
    """Blocks alike, but that the first of them has the stride and changes the channels."""

    blocks: int
    kernel: int
    strides: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
STEM_CHANNELS, HEAD_CHANNELS = 32, 1280
SMALLEST = 32
SMALLEST_IN_SMALL_FORM = 8

NAMES_IN_FILE = {
    "kernel": "kernel",
    "bias": "bias",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "mean",
    "moving_variance": "variance",
}
"""What the published arrays' names end in, by the name of Keras' weight."""


def efficientnet_lite0(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    dropout: Fraction = 0.2,
    stochastic_depth: Fraction = 0.2,
    small_images: bool = False,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are logits.

    Inverted bottlenecks with ReLU6 and without squeeze and excitation, 4,652,008 trainable
    parameters for three channels and 1,000 classes. Pixels are scaled to (255 x - 127) / 128, as
    the published weights want them; images of any number of channels go into the first
    convolution as they are. `dropout` acts before the logits, `stochastic_depth` drops the branch
    of block k of 16 at k - 1 sixteenths of its rate. `small_images` leaves out the stride of the
    stem and the first of the blocks': 32x32 pixels end as 4x4 maps, where they would be one place.

    The parts to look at are called stem, block1 to block16 and head.
    """
    smallest = SMALLEST_IN_SMALL_FORM if small_images else SMALLEST
    check_size(input_shape, smallest, "EfficientNet-Lite0")
    inputs = keras.Input(input_shape, name="image")
    x = layers.Rescaling(255 / 128, offset=-127 / 128, name="contrast")(inputs)
    x = _relu6(_convolution(x, STEM_CHANNELS, 3, "stem", 1 if small_images else 2), "stem")
    num_blocks = sum(stage.blocks for stage in STAGES)
    number = 0
    for stage in STAGES:
        halves = stage.strides > 1 and not (small_images and number == 1)
        for of_stage in range(stage.blocks):
            drop_rate = stochastic_depth * number / num_blocks
            number += 1
            strides = 2 if halves and of_stage == 0 else 1
            x = _block(x, stage, strides, drop_rate, f"block{number}")
    x = _relu6(_convolution(x, HEAD_CHANNELS, 1, "head"), "head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(
        num_outputs,
        kernel_initializer=keras.initializers.VarianceScaling(1 / 3, "fan_out", "uniform"),
        name="logits",
        dtype="float32",
    )(x)
    return keras.Model(inputs, outputs, name="efficientnet_lite0")


def load_efficientnet_lite0_weights(model: keras.Model, path: Path, *, head: bool = True) -> None:
    """Gives an `efficientnet_lite0` the published weights of an .npz file.

    It has an array for each weight, such as stem_kernel, stem_bn_gamma,
    block2_depthwise_bn_variance and fc_bias, laid out as Keras has them. Without `head`, the
    logits are left as they are. Raises UsageError for a file that does not fit, and has then
    changed nothing.
    """
    arrays = read_arrays(path, "EfficientNet-Lite0")
    weights = [
        (layer.name, weight)
        for layer in model.layers
        for weight in layer.weights
        if weight.name in NAMES_IN_FILE and (head or layer.name != "logits")
    ]
    fitting = [
        fitting_array(arrays, _key(layer, weight.name), layer, tuple(weight.shape), path)
        for layer, weight in weights
    ]
    for (_, weight), array in zip(weights, fitting, strict=True):
        weight.assign(array)


def _key(layer: str, weight: str) -> str:
    """What the file calls a weight of a layer."""
    part = "fc" if layer == "logits" else layer.removesuffix("_conv")
    return f"{part.replace('_normalization', '_bn')}_{NAMES_IN_FILE[weight]}"


def _block(x: Any, stage: Stage, strides: int, drop_rate: float, name: str) -> Any:
    """An inverted bottleneck: wide in its middle, and narrow where blocks meet."""
    channels = x.shape[-1]
    branch = x
    if stage.expansion > 1:
        expand = f"{name}_expand"
        branch = _relu6(_convolution(branch, channels * stage.expansion, 1, expand), expand)
    depthwise = f"{name}_depthwise"
    branch = layers.DepthwiseConv2D(
        stage.kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=_kernel_initializer(),
        name=f"{depthwise}_conv",
    )(branch)
    branch = _relu6(normalized(branch, "batch", f"{depthwise}_normalization"), depthwise)
    branch = _convolution(branch, stage.channels, 1, f"{name}_project")
    if strides > 1 or channels != stage.channels:
        return layers.Identity(name=name)(branch)
    if drop_rate:
        branch = StochasticDepth(drop_rate, name=f"{name}_stochastic_depth")(branch)
    return layers.Add(name=name)([x, branch])


def _convolution(x: Any, filters: int, size: int, name: str, strides: int = 1) -> Any:
    x = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=_kernel_initializer(),
        name=f"{name}_conv",
    )(x)
    return normalized(x, "batch", f"{name}_normalization")


def _relu6(x: Any, name: str) -> Any:
    return layers.Activation("relu6", name=name)(x)


def _kernel_initializer() -> keras.initializers.Initializer:
    """One for each layer: an initializer that layers share gives them the same numbers."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")

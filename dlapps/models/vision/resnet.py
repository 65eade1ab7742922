"""Residual networks (He, Zhang, Ren, Sun 2015, "Deep residual learning for image recognition"): the
paper's two families, one for ImageNet and one for CIFAR."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import keras
from keras import layers
from pydantic import AfterValidator, Field

from dlapps.config.section import Fraction, Positive
from dlapps.layers.identity_shortcut import IdentityShortcut
from dlapps.layers.stochastic_depth import StochasticDepth
from dlapps.models.normalization import Normalization, normalized
from dlapps.models.vision.images import image_input

Shortcut = Literal["identity", "projection"]
"""Where a block changes the shape of its maps. The paper's option A, `identity`, skips places and
adds channels of zeros; its option B, `projection`, is a 1x1 convolution."""

BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
"""How many blocks each of the four stages of an ImageNet network has, by depth."""

SMALLEST = 32
SMALLEST_IN_SMALL_FORM = 8
BOTTLENECK_EXPANSION = 4
EPSILON = 1.001e-5
"""Under the root of a normalization: a little over the 1e-5 that cuDNN's kernel asks for."""

FEWEST_CHANNELS_STRIDED = 8
"""Of fewer channels, the weight gradient of a strided 1x1 convolution writes beyond its memory:
oneDNN in TensorFlow 2.21, float32, on a processor with AVX2. So their places are chosen first."""


def _whole_stages(depth: int) -> int:
    if depth < 8 or depth % 6 != 2:
        raise ValueError("a depth is 6n + 2, such as 20, 32, 44, 56 or 110")
    return depth


CifarDepth = Annotated[int, Field(ge=8), AfterValidator(_whole_stages)]


def resnet(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    depth: Literal[18, 34, 50, 101, 152] = 50,
    filters: Positive = 64,
    preactivation: bool = False,
    shortcut: Shortcut = "projection",
    stride_in_first: bool = False,
    convolution_bias: bool = False,
    normalization: Normalization = "batch",
    groups: Positive = 32,
    zero_initialized_residual: bool = False,
    stochastic_depth: Fraction = 0.0,
    spatial_dropout: Fraction = 0.0,
    dropout: Fraction = 0.0,
    small_images: bool = False,
) -> keras.Model:
    """The ImageNet network on images in [0, 1]; its outputs are logits.

    `depth` 18 and 34 have blocks of two 3x3 convolutions, the deeper ones bottlenecks. `filters` is
    the width of the first stage, doubled with each. `preactivation` normalizes before each
    convolution and leaves the sum of a block alone (He, Zhang, Ren, Sun 2016, "Identity mappings in
    deep residual networks"). `zero_initialized_residual` lets every block begin as its shortcut
    (Goyal et al. 2017). `stochastic_depth` is the rate at which the last block's branch is dropped;
    that of the others grows linearly up to it. `spatial_dropout` drops whole maps before the last
    convolution of each block (Tompson et al. 2015), `dropout` numbers before the logits.

    For three channels and 1,000 classes the depths have 11,689,512, 21,797,672, 25,557,032,
    44,549,160 and 60,192,808 trainable parameters. A bottleneck halves its maps in its 3x3
    convolution, as most do today; `stride_in_first` does so in its first 1x1, as published, and
    with `convolution_bias` is Keras' form: 25,636,712 parameters, with moving statistics, in 50
    layers. `small_images` begins with a 3x3 convolution of stride 1 and without pooling: 32x32
    pixels end as 4x4 maps.

    The stem is followed by stage2 to stage5, the paper's conv2_x to conv5_x; these are the names of
    their outputs, and stage2_block1, ... those of the blocks before.
    """
    smallest = SMALLEST_IN_SMALL_FORM if small_images else SMALLEST
    inputs, x = image_input(input_shape, smallest, f"ResNet-{depth}")
    blocks = _Blocks(
        bottleneck=depth >= 50,
        preactivation=preactivation,
        shortcut=shortcut,
        stride_in_first=stride_in_first,
        convolution_bias=convolution_bias,
        normalization=normalization,
        groups=groups,
        zero_initialized_residual=zero_initialized_residual,
        spatial_dropout=spatial_dropout,
    )
    if small_images:
        x = blocks.stem(x, filters, 3)
    else:
        x = blocks.stem(x, filters, 7, strides=2)
        x = layers.ZeroPadding2D(1, name="stem_pool_padding")(x)
        x = layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)
    x = blocks.stages(x, filters, BLOCKS[depth], stochastic_depth)
    return keras.Model(inputs, _logits(x, num_outputs, dropout), name=f"resnet{depth}")


def cifar_resnet(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    depth: CifarDepth = 20,
    filters: Positive = 16,
    preactivation: bool = False,
    shortcut: Shortcut = "identity",
    normalization: Normalization = "batch",
    groups: Positive = 8,
    zero_initialized_residual: bool = False,
    stochastic_depth: Fraction = 0.0,
    spatial_dropout: Fraction = 0.0,
    dropout: Fraction = 0.0,
) -> keras.Model:
    """The network for small images in [0, 1]; its outputs are logits.

    Three stages, called stage2 to stage4 after the stem, of (depth - 2) / 6 blocks of two 3x3
    convolutions each, as wide as `filters`, twice and four times that. As published for three
    channels and ten classes, 20 layers have 269,722 trainable parameters, 32 have 464,154, 44
    658,586, 56 853,018 and 110 1,727,962. The options are those of `resnet`.
    """
    inputs, x = image_input(input_shape, SMALLEST_IN_SMALL_FORM, f"ResNet-{depth} for CIFAR")
    blocks = _Blocks(
        bottleneck=False,
        preactivation=preactivation,
        shortcut=shortcut,
        normalization=normalization,
        groups=groups,
        zero_initialized_residual=zero_initialized_residual,
        spatial_dropout=spatial_dropout,
    )
    x = blocks.stem(x, filters, 3)
    blocks_a_stage = (_whole_stages(depth) - 2) // 6
    x = blocks.stages(x, filters, [blocks_a_stage] * 3, stochastic_depth)
    return keras.Model(inputs, _logits(x, num_outputs, dropout), name=f"cifar_resnet{depth}")


def _logits(x: Any, num_outputs: int, dropout: float) -> Any:
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return layers.Dense(num_outputs, name="logits", dtype="float32")(x)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Blocks:
    """How a network's options have its residual blocks; the methods put layers behind maps x."""

    bottleneck: bool
    preactivation: bool
    shortcut: Shortcut
    normalization: Normalization
    groups: int
    zero_initialized_residual: bool
    spatial_dropout: float
    stride_in_first: bool = False
    convolution_bias: bool = False

    def stem(self, x: Any, filters: int, size: int, strides: int = 1) -> Any:
        x = self._convolution(x, filters, size, "stem_conv", strides)
        return self._relu(self._normalized(x, "stem_normalization"), "stem")

    def stages(self, x: Any, filters: int, counts: Sequence[int], stochastic_depth: float) -> Any:
        """Stages of so many blocks each, the last of which is dropped at the rate given."""
        drop_rate_step = stochastic_depth / sum(counts)
        drop_rate = 0.0
        for stage, count in enumerate(counts, 2):
            for number in range(1, count + 1):
                drop_rate += drop_rate_step
                name = f"stage{stage}_block{number}"
                x = self._block(
                    x,
                    filters * 2 ** (stage - 2),
                    name,
                    name_of_output=f"stage{stage}" if number == count else name,
                    strides=2 if stage > 2 and number == 1 else 1,
                    drop_rate=drop_rate,
                    # The stem ends in an activation already.
                    preactivated=self.preactivation and name != "stage2_block1",
                )
        if self.preactivation:
            x = self._relu(self._normalized(x, "last_normalization"), "last_relu")
        return x

    def _block(
        self,
        x: Any,
        filters: int,
        name: str,
        *,
        name_of_output: str,
        strides: int,
        drop_rate: float,
        preactivated: bool,
    ) -> Any:
        width = filters * BOTTLENECK_EXPANSION if self.bottleneck else filters
        branch = x
        if preactivated:
            branch = self._normalized(branch, f"{name}_prenormalization")
            branch = self._relu(branch, f"{name}_preactivation")
        skipped = x
        if strides > 1 or x.shape[-1] != width:
            skipped = self._shortcut(branch, width, strides, f"{name}_shortcut")
        branch = self._branch(branch, filters, width, strides, name)
        if drop_rate:
            branch = StochasticDepth(drop_rate, name=f"{name}_stochastic_depth")(branch)
        if self.preactivation:
            return layers.Add(name=name_of_output)([skipped, branch])
        return self._relu(layers.Add(name=f"{name}_sum")([skipped, branch]), name_of_output)

    def _branch(self, x: Any, filters: int, width: int, strides: int, name: str) -> Any:
        """The convolutions of a block, the first of them without what comes before it."""
        if self.bottleneck:
            first, middle = (strides, 1) if self.stride_in_first else (1, strides)
            convolutions = [(filters, 1, first), (filters, 3, middle), (width, 1, 1)]
        else:
            convolutions = [(filters, 3, strides), (width, 3, 1)]
        for number, (channels, size, step) in enumerate(convolutions, 1):
            is_last = number == len(convolutions)
            if is_last and self.spatial_dropout:
                x = layers.SpatialDropout2D(self.spatial_dropout, name=f"{name}_dropout")(x)
            is_zero = is_last and self.zero_initialized_residual
            # A branch begins at zero by what it ends in, of which the gradients are not zero.
            ends_in_scale = self.normalization != "none" and not self.preactivation
            kernel = "zeros" if is_zero and not ends_in_scale else "he_normal"
            x = self._convolution(x, channels, size, f"{name}_conv{number}", step, kernel)
            if not (is_last and self.preactivation):
                gamma = "zeros" if is_zero else "ones"
                x = self._normalized(x, f"{name}_normalization{number}", gamma)
            if not is_last:
                x = self._relu(x, f"{name}_relu{number}")
        return x

    def _shortcut(self, x: Any, width: int, strides: int, name: str) -> Any:
        if self.shortcut == "identity":
            return IdentityShortcut(width, strides, name=name)(x)
        x = self._convolution(x, width, 1, name, strides)
        return x if self.preactivation else self._normalized(x, f"{name}_normalization")

    def _convolution(
        self,
        x: Any,
        filters: int,
        size: int,
        name: str,
        strides: int = 1,
        kernel: str = "he_normal",
    ) -> Any:
        if strides > 1 and size > 1:
            # Alike on both sides, where TensorFlow would pad more at the end.
            x = layers.ZeroPadding2D(size // 2, name=f"{name}_padding")(x)
        elif strides > 1 and x.shape[-1] < FEWEST_CHANNELS_STRIDED:
            x = layers.MaxPooling2D(1, strides, name=f"{name}_sampled")(x)
            strides = 1
        return layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding="valid" if strides > 1 else "same",
            use_bias=self.convolution_bias or self.normalization == "none",
            kernel_initializer=kernel,
            name=name,
        )(x)

    def _normalized(self, x: Any, name: str, gamma: str = "ones") -> Any:
        return normalized(
            x,
            self.normalization,
            name,
            groups=self.groups,
            epsilon=EPSILON,
            gamma_initializer=gamma,
        )

    def _relu(self, x: Any, name: str) -> Any:
        return layers.Activation("relu", name=name)(x)

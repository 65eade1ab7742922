"""Maps of one width at every scale, each of which knows what the coarser ones saw (Lin, Dollar,
Girshick, He, Hariharan, Belongie 2017, "Feature pyramid networks for object detection")."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from keras import KerasTensor, initializers, layers, ops

from dlapps.errors import UsageError

KERNEL = initializers.RandomNormal(stddev=0.01)
"""What heads begin with: nothing is found, and nothing is sure (Lin et al. 2017)."""
PRIOR = 0.01
"""The probability of a class at every place at the start, so that background is no news."""
CLASS_BIAS = -math.log((1 - PRIOR) / PRIOR)


def feature_pyramid(
    maps: Mapping[int, KerasTensor], strides: Sequence[int], channels: int
) -> list[KerasTensor]:
    """A map [N, H / stride, W / stride, channels] for each stride, the finest first.

    Strides are powers of 2 in a row. Where the encoder has none that coarse, a map is made of the
    one before by a convolution with stride 2.
    """
    levels: dict[int, KerasTensor] = {}
    above = None
    for stride in reversed([stride for stride in strides if stride in maps]):
        x = layers.Conv2D(channels, 1, name=f"pyramid{stride}_lateral")(maps[stride])
        if above is not None:
            larger = layers.UpSampling2D(2, name=f"pyramid{stride}_from_above")(above)
            x = layers.Add(name=f"pyramid{stride}_sum")([x, larger])
        above = levels[stride] = x
    levels = {
        stride: layers.Conv2D(channels, 3, padding="same", name=f"pyramid{stride}")(x)
        for stride, x in levels.items()
    }
    for stride in strides:
        if stride not in levels:
            x = levels[stride // 2]
            levels[stride] = layers.Conv2D(
                channels, 3, strides=2, padding="same", name=f"pyramid{stride}"
            )(layers.Activation("relu", name=f"pyramid{stride}_relu")(x))
    return [levels[stride] for stride in strides]


def shared_head(
    levels: Sequence[KerasTensor],
    num_layers: int,
    outputs: Mapping[str, tuple[int, float]],
    groups: int | None = None,
) -> dict[str, list[KerasTensor]]:
    """For each of the `outputs`, a map [N, h, w, channels] of every level, by the same layers.

    `outputs` are names with their channels and the bias they begin with. They come from one tower
    of `num_layers` convolutions, whose weights the levels share, as those of the outputs; each is
    normalized by `groups` parts of its channels, where that is given.
    """
    x = list(levels)
    channels = levels[0].shape[-1]
    if groups is not None and channels % groups:
        raise UsageError(
            f"model.head_groups {groups} does not divide the {channels} channels of the pyramid."
        )
    name = "_and_".join(outputs)
    for number in range(1, num_layers + 1):
        convolution = layers.Conv2D(
            channels,
            3,
            padding="same",
            kernel_initializer="he_normal",
            name=f"{name}_conv{number}",
        )
        x = [convolution(level) for level in x]
        if groups is not None:
            norm = layers.GroupNormalization(groups, name=f"{name}_normalization{number}")
            x = [norm(level) for level in x]
        relu = layers.Activation("relu", name=f"{name}_relu{number}")
        x = [relu(level) for level in x]
    found = {}
    for output, (of_output, bias) in outputs.items():
        last = layers.Conv2D(
            of_output,
            3,
            padding="same",
            kernel_initializer=KERNEL,
            bias_initializer=initializers.Constant(bias),
            dtype="float32",
            name=output,
        )
        found[output] = [last(level) for level in x]
    return found


def places_in_a_row(maps: Sequence[KerasTensor], channels: int, name: str) -> KerasTensor:
    """[N, A, channels]: all that the maps [N, h, w, B x channels] have, level after level."""
    # Pixels are told to more places than bfloat16 has.
    flat = [
        layers.Reshape((-1, channels), dtype="float32", name=f"{name}_level{number}")(each)
        for number, each in enumerate(maps, 1)
    ]
    if len(flat) == 1:
        return flat[0]
    return layers.Concatenate(axis=1, dtype="float32", name=f"{name}_all")(flat)


def level_centres(height: int, width: int, strides: Sequence[int]) -> list[np.ndarray]:
    """float64 [rows, columns, 2]: x and y in pixels of the middles of each level's places."""
    centres = []
    for stride in strides:
        rows, columns = -(-height // stride), -(-width // stride)
        y, x = np.meshgrid(np.arange(rows) + 0.5, np.arange(columns) + 0.5, indexing="ij")
        centres.append(stride * np.stack([x, y], axis=-1))
    return centres


def chances(logits: KerasTensor) -> KerasTensor:
    """The probabilities of logits, each class for itself."""
    return ops.sigmoid(ops.cast(logits, "float32"))

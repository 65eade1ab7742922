"""The normalizations that a model's options may name, in one list."""

from typing import Any, Literal

from keras import layers

from dlapps.errors import UsageError
from dlapps.layers.batch_normalization import BatchNormalization

Normalization = Literal["none", "batch", "layer", "group"]
"""batch (Ioffe, Szegedy 2015), layer (Ba, Kiros, Hinton 2016), group (Wu, He 2018)."""


def normalized(
    x: Any, normalization: Normalization, name: str, *, groups: int = 32, **options: Any
) -> Any:
    """x [N, ..., C], normalized by a layer called `name`; scale and offset are one a channel.

    layer normalizes all the numbers of an example together, group those of `groups` parts of its
    channels. `options` go to the Keras layer. Raises UsageError where `groups` does not divide C.
    """
    if normalization == "none":
        return x
    if normalization == "batch":
        return BatchNormalization(name=name, **options)(x)
    if normalization == "layer":
        groups = 1
    channels = x.shape[-1]
    if channels % groups:
        raise UsageError(
            f"model.groups {groups} does not divide the {channels} channels of {name}; "
            f"choose one that divides all of a network's widths, such as "
            f"{max(g for g in range(1, groups) if channels % g == 0)}."
        )
    return layers.GroupNormalization(groups, name=name, **options)(x)

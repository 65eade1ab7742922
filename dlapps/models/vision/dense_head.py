"""The dense layers that ended the networks of 2012 to 2014."""

from typing import Any

from keras import layers

PUBLISHED_UNITS = 4096
"""Of each hidden layer, in AlexNet, ZFNet and VGG alike."""
SMALL_IMAGE_UNITS = 512


def dense_head(
    x: Any,
    num_outputs: int,
    names: tuple[str, str],
    *,
    dense_units: int | None,
    dropout: float,
    small_images: bool,
) -> Any:
    """The logits [N, num_outputs] of maps x [N, H, W, C], by way of two hidden layers.

    `dense_units` is the width of both; None is the published one, or a narrow one for small images.
    """
    units = dense_units or (SMALL_IMAGE_UNITS if small_images else PUBLISHED_UNITS)
    x = layers.Flatten(name="flatten")(x)
    for name in names:
        x = layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=name)(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return layers.Dense(num_outputs, name="logits", dtype="float32")(x)

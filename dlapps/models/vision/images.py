"""What networks on images begin with."""

from typing import Any

import keras
from keras import layers

from dlapps.errors import UsageError


def image_input(
    input_shape: tuple[int, int, int], smallest: int, network: str
) -> tuple[keras.KerasTensor, Any]:
    """The input for images in [0, 1], and its pixels from -1 to 1, a layer called `contrast`.

    Raises UsageError where a side is shorter than the `smallest` that `network` can take.
    """
    check_size(input_shape, smallest, network)
    inputs = keras.Input(input_shape, name="image")
    return inputs, layers.Rescaling(2.0, offset=-1.0, name="contrast")(inputs)


def check_size(input_shape: tuple[int, int, int], smallest: int, network: str) -> None:
    """Raises UsageError where a side is shorter than the `smallest` that `network` can take."""
    height, width, _ = input_shape
    if min(height, width) < smallest:
        raise UsageError(
            f"{network} takes images of {smallest} pixels a side or more, and these have "
            f"{height}x{width}: give larger ones (data.image_size resizes), or choose a network "
            "or a form (model.small_images) for small ones."
        )

"""How the kernels of any network are drawn, and what keeps them small."""

from typing import Annotated, Literal

import keras
from pydantic import Field

from dlapps.config.section import Section

KERNELS = ("kernel", "recurrent_kernel")


class KernelSettings(Section):
    """What holds for the kernels of all dense and convolutional layers; biases are left alone."""

    initializer: (
        Literal[
            "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal",
            "lecun_uniform", "orthogonal", "random_normal", "random_uniform", "truncated_normal",
            "variance_scaling", "zeros",
        ]
        | None
    ) = None  # fmt: skip
    """Which of Keras' initializers draws them; left out, each layer's own."""
    l1: Annotated[float, Field(ge=0)] = 0.0
    """What the loss gains for each unit of absolute value."""
    l2: Annotated[float, Field(ge=0)] = 0.0
    """What the loss gains for each unit of squared value."""


def set_kernels(model: keras.Model, settings: KernelSettings) -> None:
    """Draws the model's kernels anew, and adds their penalties to its loss, where that is asked."""
    kernels = [variable for variable in model.trainable_variables if variable.name in KERNELS]
    for kernel in kernels:
        if settings.initializer is not None:
            # One initializer draws the same numbers again.
            initializer = keras.initializers.get(settings.initializer)
            kernel.assign(initializer(kernel.shape, dtype=kernel.dtype))
        if settings.l1 or settings.l2:
            kernel.regularizer = keras.regularizers.L1L2(settings.l1, settings.l2)

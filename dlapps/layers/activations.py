"""The activations that a model's options may name, in one list."""

from typing import Any, Literal

import keras
from keras import layers, ops

Activation = Literal[
    "step", "linear", "sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "selu", "gelu",
    "swish", "maxout",
]  # fmt: skip
"""step (McCulloch, Pitts 1943), relu (Nair, Hinton 2010), leaky_relu (Maas, Hannun, Ng 2013),
prelu with a slope learned for each channel (He, Zhang, Ren, Sun 2015), elu (Clevert, Unterthiner,
Hochreiter 2015), selu (Klambauer, Unterthiner, Mayr, Hochreiter 2017), gelu (Hendrycks, Gimpel
2016), swish (Ramachandran, Zoph, Le 2017), maxout (Goodfellow et al. 2013)."""

MAXOUT_PIECES = 2


@keras.saving.register_keras_serializable("dlapps")
def step(x: Any) -> Any:
    """1 where x is positive, else 0; no gradient passes, so nothing below learns by one."""
    return ops.cast(x > 0, x.dtype)


@keras.saving.register_keras_serializable("dlapps")
class Maxout(layers.Layer):
    """The larger of every two neighbouring channels: [..., 2 C] becomes [..., C]."""

    def call(self, x):
        return ops.max(ops.reshape(x, (*ops.shape(x)[:-1], -1, MAXOUT_PIECES)), axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // MAXOUT_PIECES)


def width_before(activation: Activation, width: int) -> int:
    """How many channels a layer must have for `width` to be left after its activation."""
    return width * MAXOUT_PIECES if activation == "maxout" else width


def activated(x: Any, activation: Activation, name: str) -> Any:
    """The activation of x [N, ..., C] by a layer called `name`."""
    if activation == "prelu":
        # One slope a channel, wherever in an image it is.
        return layers.PReLU(shared_axes=[*range(1, len(x.shape) - 1)] or None, name=name)(x)
    if activation == "maxout":
        return Maxout(name=name)(x)
    return layers.Activation(step if activation == "step" else activation, name=name)(x)

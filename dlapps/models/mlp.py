"""The multi-layer perceptron (Rumelhart, Hinton, Williams 1986, "Learning representations by
back-propagating errors")."""

import math

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.errors import UsageError


def mlp(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    widths: list[Positive] = [128],  # noqa: B006 - a config's default, never changed
    activation: str = "relu",
    dropout: Fraction = 0.0,
    batch_normalization: bool = False,
) -> keras.Model:
    """Dense layers of the given `widths` on inputs of any shape; its outputs are logits.

    `activation` is any of Keras' by name; `linear` makes the whole network one linear map.
    `dropout` follows every hidden layer.
    """
    try:
        keras.activations.get(activation)
    except ValueError as error:
        raise UsageError(
            f"model.activation {activation!r} is none of Keras' activations, "
            "such as relu, tanh, sigmoid, gelu or linear."
        ) from error
    inputs = keras.Input(input_shape, name="input")
    x = inputs
    if len(input_shape) != 1:
        x = layers.Reshape((math.prod(input_shape),), name="flatten")(x)
    for number, width in enumerate(widths, 1):
        x = layers.Dense(width, name=f"dense{number}")(x)
        if batch_normalization:
            x = layers.BatchNormalization(name=f"dense{number}_normalization")(x)
        x = layers.Activation(activation, name=f"dense{number}_{activation}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="mlp")

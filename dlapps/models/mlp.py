"""The multi-layer perceptron (Rumelhart, Hinton, Williams 1986, "Learning representations by
back-propagating errors")."""

import math

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.layers.activations import Activation, activated, width_before


def mlp(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    widths: list[Positive] = [128],  # noqa: B006 - a config's default, never changed
    activation: Activation = "relu",
    dropout: Fraction = 0.0,
    batch_normalization: bool = False,
) -> keras.Model:
    """Dense layers of the given `widths` on inputs of any shape; its outputs are logits.

    With the activation `linear` the whole network is one linear map. `dropout` follows every
    hidden layer.
    """
    inputs = keras.Input(input_shape, name="input")
    x = inputs
    if len(input_shape) != 1:
        x = layers.Reshape((math.prod(input_shape),), name="flatten")(x)
    for number, width in enumerate(widths, 1):
        x = layers.Dense(width_before(activation, width), name=f"dense{number}")(x)
        if batch_normalization:
            x = layers.BatchNormalization(name=f"dense{number}_normalization")(x)
        x = activated(x, activation, f"dense{number}_{activation}")
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="mlp")

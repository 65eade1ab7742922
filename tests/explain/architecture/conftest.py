"""Small models whose pictures the tests look at."""

import keras
import pytest
from keras import layers


@pytest.fixture
def branching_model() -> keras.Model:
    """Two inputs, a skip connection, a shared layer and a nested model."""
    inner_input = keras.Input((4,))
    nested = keras.Model(inner_input, layers.Dense(3)(inner_input), name="nested")
    first, second = keras.Input((8,), name="first"), keras.Input((4,), name="second")
    narrow = layers.Dense(4, name="narrow")(first)
    shared = layers.Dense(4, name="shared")
    left, right = shared(narrow), shared(second)
    joined = layers.Add(name="joined")([left, right, narrow])
    return keras.Model([first, second], nested(joined), name="branching")


@pytest.fixture
def deep_model() -> keras.Model:
    """Sixty layers, no two alike, with a skip connection around every second one."""
    inputs = tensor = keras.Input((4,))
    for index in range(20):
        hidden = layers.Dense(5 + index, name=f"wide{index}")(tensor)
        hidden = layers.Dense(4, name=f"narrow{index}")(hidden)
        tensor = layers.Add(name=f"add{index}")([tensor, hidden])
    return keras.Model(inputs, tensor, name="deep")

"""Each layer with weights is looked at once, after its activation."""

import keras
from keras import layers

from dlapps.explain.architecture.taps import taps


def test_normalization_activation_and_dropout_belong_to_the_layer_before():
    inputs = keras.Input((4,))
    x = layers.BatchNormalization()(layers.Dense(8, name="first")(inputs))
    activated = layers.Activation("relu")(x)
    x = layers.Dense(3, activation="tanh", name="second")(layers.Dropout(0.5)(activated))
    found = taps(keras.Model(inputs, layers.Dense(2, name="logits")(x)))
    assert [tap.layer.name for tap in found] == ["first", "second", "logits"]
    assert [tap.activation for tap in found] == ["relu", "tanh", ""]
    assert found[0].output is activated


def test_an_activation_after_a_sum_belongs_to_the_last_layer_in_it():
    inputs = keras.Input((8, 8, 2))
    first = layers.ReLU()(layers.Conv2D(4, 1, name="first")(inputs))
    second = layers.Conv2D(4, 1, name="second")(first)
    total = layers.ReLU()(layers.Add()([first, second]))
    found = taps(keras.Model(inputs, total))
    assert [(tap.layer.name, tap.activation) for tap in found] == [
        ("first", "relu"), ("second", "relu"),
    ]  # fmt: skip
    assert found[0].output is first
    assert found[1].output is total


def test_a_layer_that_is_used_twice_counts_once_and_a_nested_model_as_one_layer():
    shared = layers.Dense(4, name="shared")
    inner_inputs = keras.Input((4,))
    inner = keras.Model(inner_inputs, layers.Dense(4)(layers.Dense(4)(inner_inputs)), name="inner")
    inputs = keras.Input((4,))
    found = taps(keras.Model(inputs, inner(shared(shared(inputs)))))
    assert [tap.layer.name for tap in found] == ["shared", "inner"]

"""Every activation that may be named acts as its paper says, and survives being saved."""

import typing

import keras
import numpy as np
import pytest

from dlapps.layers.activations import Activation, activated, width_before

X = np.array([[-2.0, -0.5, 0.5, 3.0]], np.float32)
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def logistic(x):
    return 1 / (1 + np.exp(-x))


EXPECTED = {
    "step": [[0, 0, 1, 1]],
    "linear": X,
    "sigmoid": logistic(X),
    "tanh": np.tanh(X),
    "relu": np.maximum(X, 0),
    "leaky_relu": np.where(X > 0, X, 0.2 * X),
    "prelu": np.maximum(X, 0),  # As it begins; its slope is learned.
    "elu": np.where(X > 0, X, np.exp(X) - 1),
    "selu": SELU_SCALE * np.where(X > 0, X, SELU_ALPHA * (np.exp(X) - 1)),
    "gelu": X * [[0.022750, 0.308538, 0.691462, 0.998650]],  # The normal distribution at x.
    "swish": X * logistic(X),
    "maxout": [[-0.5, 3.0]],
}


def network(activation: Activation, shape: tuple[int, ...]) -> keras.Model:
    inputs = keras.Input(shape)
    return keras.Model(inputs, activated(inputs, activation, "activation"))


def test_the_list_is_whole():
    assert EXPECTED.keys() == set(typing.get_args(Activation))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_computes_what_its_paper_says(name, tmp_path):
    model = network(name, (4,))
    np.testing.assert_allclose(model(X), EXPECTED[name], rtol=1e-4, atol=1e-6)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(loaded(X), model(X))


@pytest.mark.parametrize("name", EXPECTED)
def test_feature_maps_keep_their_size_and_width(name):
    model = network(name, (5, 6, width_before(name, 3)))
    assert model.output_shape == (None, 5, 6, 3)


def test_prelu_learns_one_slope_a_channel():
    assert network("prelu", (5, 6, 3)).count_params() == 3

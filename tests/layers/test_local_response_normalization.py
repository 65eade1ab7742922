"""Each number is divided by what the channels beside it hold, as the paper's formula says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.layers.local_response_normalization import LocalResponseNormalization


def by_formula(maps: np.ndarray, size: int, k: float, alpha: float, beta: float) -> np.ndarray:
    normalized = np.empty_like(maps)
    for channel in range(maps.shape[-1]):
        first = max(0, channel - size // 2)
        near = maps[..., first : channel + size // 2 + 1]
        normalized[..., channel] = maps[..., channel] / (k + alpha * (near**2).sum(axis=-1)) ** beta
    return normalized


@pytest.fixture
def maps() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 60, (2, 3, 4, 9)).astype(np.float32)


@pytest.mark.parametrize(
    "constants",
    [{}, {"size": 3, "k": 1.0, "alpha": 0.02, "beta": 0.5}, {"size": 21, "alpha": 0.01}],
)
def test_the_formula(maps, constants):
    values = {"size": 5, "k": 2.0, "alpha": 1e-4, "beta": 0.75, **constants}
    layer = LocalResponseNormalization(**constants)
    np.testing.assert_allclose(layer(maps), by_formula(maps, **values), rtol=1e-5)
    again = LocalResponseNormalization.from_config(layer.get_config())
    np.testing.assert_array_equal(again(maps), layer(maps))


def test_half_precision_does_not_overflow(maps):
    layer = LocalResponseNormalization(dtype="mixed_float16")
    answers = layer(10 * maps)
    assert answers.dtype == "float16"
    expected = by_formula(10 * maps, size=5, k=2.0, alpha=1e-4, beta=0.75)
    np.testing.assert_allclose(answers, expected, rtol=0.01, atol=0.01)


def test_gradients_pass(maps):
    x = tf.constant(maps[:1, :1, :1])
    layer = LocalResponseNormalization(alpha=0.01)
    gradient, numeric = tf.test.compute_gradient(layer, [x], delta=0.1)
    np.testing.assert_allclose(gradient[0], numeric[0], atol=1e-3)


def test_the_shape_is_that_of_the_input():
    inputs = keras.Input((7, None, 3))
    assert LocalResponseNormalization()(inputs).shape == inputs.shape

"""The estimate of an RBM's partition function agrees with the enumeration of a small one."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from dlapps.metrics.annealed_importance_sampling import (
    annealed_report,
    inverse_temperatures,
    log_partition_function,
)


@pytest.fixture
def weights() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An RBM with 20 visible and 10 hidden units, far from independent."""
    random = np.random.default_rng(0)
    shapes_and_spreads = (((20, 10), 0.8), ((20,), 0.5), ((10,), 0.5))
    return tuple(
        random.normal(0, spread, shape).astype(np.float32) for shape, spread in shapes_and_spreads
    )


def enumerated(kernel, visible_bias, hidden_bias) -> float:
    """log Z, summed over all states of the hidden units."""
    hidden = np.array(list(itertools.product([0, 1], repeat=len(hidden_bias))))
    inputs = hidden @ kernel.T + visible_bias
    return np.logaddexp.reduce(hidden @ hidden_bias + np.logaddexp(0, inputs).sum(axis=1))


@pytest.mark.parametrize("base_rate", [0.0, 0.3, 1.0])
def test_the_partition_function_is_the_enumerated_one(weights, base_rate):
    base_rates = np.full(20, base_rate)
    estimate = log_partition_function(*weights, base_rates, num_temperatures=1_000)
    assert estimate.log_value == pytest.approx(enumerated(*weights), abs=0.5)
    assert abs(estimate.log_value - enumerated(*weights)) < 5 * estimate.standard_error
    assert 0 < estimate.standard_error < 0.2


def test_the_log_probability_is_the_enumerated_one(weights):
    kernel, visible_bias, hidden_bias = weights
    images = (np.random.default_rng(1).random((50, 4, 5, 1)) < 0.4).astype(np.float32)
    visible = images.reshape(50, 20)
    unnormalised = visible @ visible_bias + np.logaddexp(0, visible @ kernel + hidden_bias).sum(1)
    batches = tf.data.Dataset.from_tensor_slices(images).batch(20)
    report = annealed_report(
        batches,
        lambda x: (
            -(
                tf.linalg.matvec(x, visible_bias)
                + tf.reduce_sum(tf.nn.softplus(x @ kernel + hidden_bias), axis=1)
            )
        ),
        weights,
        num_temperatures=1_000,
    )
    exact = unnormalised.mean() - enumerated(*weights)
    assert report["log_probability"] == pytest.approx(exact, abs=0.5)


def test_the_temperatures_are_those_of_the_paper():
    betas = inverse_temperatures(14_500)
    assert len(betas) == 14_501
    assert (betas[0], betas[-1]) == (0, 1)
    assert np.all(np.diff(betas) > 0)
    assert np.sum(betas < 0.5) == 500
    assert np.sum(betas < 0.9 - 1e-9) == 4_500

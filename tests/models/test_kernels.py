"""Kernels of any network are drawn and held small as a config says; biases are left alone."""

import keras
import numpy as np
import pytest

from dlapps.models.kernels import KernelSettings, set_kernels
from dlapps.models.mlp import mlp


@pytest.fixture
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return mlp((300,), 10, widths=[400, 400])


def test_left_alone_a_network_is_as_it_was_built(network):
    before = network.get_weights()
    set_kernels(network, KernelSettings())
    for a, b in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert network.losses == []


def test_kernels_have_the_spread_that_was_asked_for_and_differ(network):
    set_kernels(network, KernelSettings(initializer="he_normal"))
    one, other = (network.get_layer(f"dense{number}").kernel.numpy() for number in (1, 2))
    assert one.std() == pytest.approx((2 / 300) ** 0.5, rel=0.02)
    assert other.std() == pytest.approx((2 / 400) ** 0.5, rel=0.02)
    assert abs(np.corrcoef(one.ravel(), other[:300].ravel())[0, 1]) < 0.01
    assert not network.get_layer("dense1").bias.numpy().any()


def test_penalties_join_the_loss(network):
    set_kernels(network, KernelSettings(l1=0.1, l2=0.01))
    kernels = [layer.kernel.numpy() for layer in network.layers if layer.weights]
    expected = sum(0.1 * np.abs(k).sum() + 0.01 * (k**2).sum() for k in kernels)
    assert float(sum(network.losses)) == pytest.approx(expected, rel=1e-5)

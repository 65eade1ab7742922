"""What an image holds follows from its places, between the average and the maximum of them."""

import keras
import numpy as np
import pytest

from dlapps.layers.multiple_instance_pooling import GatedAttention, LogSumExpPooling, WeightedSum


@pytest.fixture
def maps():
    return np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)


def test_log_sum_exp_is_its_formula(maps):
    expected = np.log(np.mean(np.exp(2.5 * maps.astype(float)), axis=(1, 2))) / 2.5
    np.testing.assert_allclose(LogSumExpPooling(2.5)(maps), expected, rtol=1e-5)


def test_log_sum_exp_lies_between_average_and_maximum(maps):
    np.testing.assert_allclose(LogSumExpPooling(1e-3)(maps), maps.mean(axis=(1, 2)), atol=1e-2)
    np.testing.assert_allclose(LogSumExpPooling(1e3)(maps), maps.max(axis=(1, 2)), atol=1e-2)
    assert np.isfinite(LogSumExpPooling(100.0)(1e4 * maps)).all()


def test_attention_is_its_formula_and_adds_up_to_one(maps):
    layer = GatedAttention(3, units=6)
    weights = np.asarray(layer(maps))
    np.testing.assert_allclose(weights.sum(axis=(1, 2)), 1, rtol=1e-5)
    signal, signal_bias, gate, gate_bias, scores = layer.get_weights()
    opened = 1 / (1 + np.exp(-(maps @ gate[0, 0] + gate_bias)))
    powers = np.exp((np.tanh(maps @ signal[0, 0] + signal_bias) * opened) @ scores[0, 0])
    np.testing.assert_allclose(weights, powers / powers.sum(axis=(1, 2), keepdims=True), rtol=1e-4)


def test_attention_chooses_the_places_that_count(maps):
    weights = np.zeros_like(maps)
    weights[:, 1, 2] = 1
    np.testing.assert_allclose(WeightedSum()(maps, weights), maps[:, 1, 2])


def test_a_saved_network_pools_alike(maps, tmp_path):
    features = keras.Input((3, 4, 5))
    scores = keras.layers.Conv2D(2, 1)(features)
    attended = WeightedSum()(scores, GatedAttention(2, units=4)(features))
    model = keras.Model(features, [attended, LogSumExpPooling(3.0)(scores)])
    assert [each.shape for each in model.outputs] == [(None, 2), (None, 2)]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(model(maps), loaded(maps), strict=True):
        np.testing.assert_array_equal(one, other)

"""Stochastic depth drops whole examples in training, and changes nothing on average."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.layers.stochastic_depth import StochasticDepth

ONES = np.ones((4000, 2, 3, 2), np.float32)


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


def test_an_example_is_dropped_or_kept_as_a_whole():
    branch = StochasticDepth(0.3)(ONES, training=True).numpy().reshape(len(ONES), -1)
    np.testing.assert_array_equal(branch, np.broadcast_to(branch[:, :1], branch.shape))
    np.testing.assert_allclose(np.unique(branch), [0, 1 / 0.7], rtol=1e-6)
    # Four standard deviations of the share of 4,000 draws.
    assert abs(np.mean(branch == 0) - 0.3) < 0.03
    assert abs(branch.mean() - 1) < 0.03 / 0.7


def test_outside_of_training_every_branch_is_left_as_it_is():
    np.testing.assert_array_equal(StochasticDepth(0.9)(ONES), ONES)
    np.testing.assert_array_equal(StochasticDepth(0.0)(ONES, training=True), ONES)


def test_a_dropped_branch_learns_nothing():
    branch = tf.constant(ONES[:100])
    with tf.GradientTape() as tape:
        tape.watch(branch)
        outputs = StochasticDepth(0.5)(branch, training=True)
    np.testing.assert_allclose(tape.gradient(outputs, branch), outputs)


def test_one_number_an_example_will_do():
    branch = StochasticDepth(0.5)(np.ones(100, np.float32), training=True).numpy()
    assert set(branch) == {0, 2}


def test_what_is_dropped_follows_from_its_variables_alone():
    layer = StochasticDepth(0.5)
    before = [variable.numpy() for variable in layer.variables]
    first, second = (layer(ONES, training=True).numpy() for _ in range(2))
    assert not np.array_equal(first, second)
    resumed = StochasticDepth(0.5)
    assert not np.array_equal(first, resumed(ONES, training=True))
    for variable, value in zip(resumed.variables, before, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(first, resumed(ONES, training=True))
    np.testing.assert_array_equal(second, resumed(ONES, training=True))


def test_it_works_in_bfloat16_and_is_saved(tmp_path):
    inputs = keras.Input(ONES.shape[1:])
    model = keras.Model(inputs, StochasticDepth(0.25, dtype="mixed_bfloat16")(inputs))
    assert model(ONES, training=True).dtype == tf.bfloat16
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].rate == 0.25

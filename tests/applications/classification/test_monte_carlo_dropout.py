"""Samples of a network's dropout: repeatable, blind to the batch, and nothing else is random."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.applications.classification.monte_carlo_dropout import ThinnedNetworks
from dlapps.errors import UsageError
from dlapps.layers.stochastic_depth import StochasticDepth
from dlapps.models.transferred import Transferred

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(size=(6, 8, 8, 3)).astype(np.float32)


def network(dropout: float = 0.4, dtype: str = "float32") -> keras.Model:
    """With all that behaves otherwise in training, dropout in two forms and a skip around one."""
    keras.utils.set_random_seed(0)
    with_dtype = {"dtype": dtype}
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="conv", **with_dtype)(inputs)
    x = layers.BatchNormalization(**with_dtype)(x)
    branch = layers.SpatialDropout2D(dropout, name="maps", **with_dtype)(x)
    branch = StochasticDepth(0.5, **with_dtype)(layers.Conv2D(4, 3, padding="same")(branch))
    x = layers.Flatten()(layers.Add()([x, branch]))
    x = layers.Dropout(dropout, name="numbers", **with_dtype)(x)
    return keras.Model(inputs, layers.Dense(3, dtype="float32")(x))


@pytest.fixture(scope="module")
def thinned() -> ThinnedNetworks:
    return ThinnedNetworks(network(), 5)


def test_every_sample_is_the_network_with_units_dropped():
    """A linear network tells which: what is kept counts 1 / (1 - rate)."""
    inputs = keras.Input((50,))
    x = layers.Dropout(0.2)(inputs)
    model = keras.Model(inputs, x)
    samples = ThinnedNetworks(model, 200).logits(np.ones((3, 50), np.float32)).numpy()
    assert samples.shape == (200, 3, 50)
    np.testing.assert_allclose(np.unique(samples), [0, 1.25])
    # Four standard deviations of the share of 10,000 draws.
    assert np.mean(samples[:, 0] == 0) == pytest.approx(0.2, abs=0.016)
    np.testing.assert_array_equal(samples[:, :1].repeat(3, axis=1), samples)


def test_spatial_dropout_drops_whole_maps():
    inputs = keras.Input((4, 4, 10))
    model = keras.Model(inputs, layers.SpatialDropout2D(0.5)(inputs))
    samples = ThinnedNetworks(model, 8).logits(np.ones((1, 4, 4, 10), np.float32)).numpy()
    np.testing.assert_array_equal(samples, np.broadcast_to(samples[:, :, :1, :1], samples.shape))
    assert set(np.unique(samples)) == {0, 2}


def test_an_answer_is_the_same_alone_in_any_batch_and_again(thinned):
    compiled = tf.function(thinned.logits)
    samples = compiled(IMAGES).numpy()
    assert samples.shape == (5, 6, 3)
    assert np.abs(np.diff(samples, axis=0)).max() > 0.05, "samples differ"
    np.testing.assert_allclose(compiled(IMAGES[4:5]), samples[:, 4:5], atol=1e-6)
    again = ThinnedNetworks(network(), 5).logits(IMAGES)
    np.testing.assert_allclose(again, samples, atol=1e-6)


def test_keras_predicts_the_same_by_another_path(thinned):
    np.testing.assert_allclose(thinned.expected_logits(IMAGES), thinned.logits(IMAGES), atol=1e-5)


def test_no_variable_of_the_model_changes_nor_its_own_answer():
    model = network()
    model.variables[0].assign(
        model.variables[0] + 1
    )  # Weights are shared, whatever becomes of them.
    before, answer = [v.numpy() for v in model.variables], model(IMAGES, training=False).numpy()
    thinned = ThinnedNetworks(model, 3)
    thinned.logits(IMAGES)
    thinned.expected_logits(IMAGES)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    np.testing.assert_array_equal(model(IMAGES, training=False), answer)
    assert model.get_layer("conv").output.shape == (None, 8, 8, 4)


def test_on_average_the_samples_say_what_the_linear_network_says():
    inputs = keras.Input((20,))
    model = keras.Model(inputs, layers.Dense(2)(layers.Dropout(0.3)(inputs)))
    x = RANDOM.uniform(size=(4, 20)).astype(np.float32)
    mean = ThinnedNetworks(model, 1000).logits(x).numpy().mean(axis=0)
    np.testing.assert_allclose(mean, model(x), atol=0.15)


def test_dropout_inside_of_a_nested_head_counts():
    backbone_inputs = keras.Input((8, 8, 3))
    features = layers.Flatten()(layers.Conv2D(4, 3)(backbone_inputs))
    head_inputs = keras.Input((144,))
    head = keras.Model(head_inputs, layers.Dense(3)(layers.Dropout(0.5)(head_inputs)), name="head")
    model = Transferred(backbone_inputs, head(features), head=["head"])
    thinned = ThinnedNetworks(model, 4)
    samples = thinned.logits(IMAGES).numpy()
    assert np.abs(np.diff(samples, axis=0)).max() > 0.01
    np.testing.assert_allclose(thinned.expected_logits(IMAGES), samples, atol=1e-5)


def test_reduced_precision_is_kept():
    samples = ThinnedNetworks(network(dtype="mixed_bfloat16"), 3).logits(IMAGES)
    exact = ThinnedNetworks(network(), 3).logits(IMAGES)
    assert samples.dtype == tf.float32
    np.testing.assert_allclose(samples, exact, atol=0.1)


def test_a_network_without_dropout_is_refused():
    with pytest.raises(UsageError, match="has no dropout to draw samples by"):
        ThinnedNetworks(network(dropout=0.0), 3)

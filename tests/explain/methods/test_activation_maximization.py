"""Inputs found by ascent excite their units more than any that are not, and as theory says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.explain.methods.activation_maximization import maximizing_inputs
from dlapps.explain.methods.activations import activations, at_middle, net_inputs
from dlapps.explain.methods.input_optimization import NoGradientError


@pytest.mark.parametrize("layer", ["conv1", "conv2", "logits"])
def test_each_unit_is_excited_more_than_by_a_thousand_random_inputs(network, layer):
    layer = network.layers[-1].name if layer == "logits" else layer

    def units(x: tf.Tensor) -> tf.Tensor:
        return at_middle(net_inputs(network, [x], layer))

    chosen = [0, 1, 3]
    images = maximizing_inputs(units, chosen, (16, 12, 3)).numpy()
    assert images.min() >= 0
    assert images.max() <= 1
    excitement = at_middle(activations(network, [tf.constant(images)], layer))
    own = excitement.numpy()[range(3), chosen]
    others = np.random.default_rng(0).random((1000, 16, 12, 3), np.float32)
    those = at_middle(activations(network, [tf.constant(others)], layer))
    assert np.all(own > those.numpy().max(axis=0)[chosen])


def test_on_a_sphere_a_linear_unit_is_maximized_by_its_weights():
    weights = np.random.default_rng(0).normal(size=(6 * 5, 4)).astype(np.float32)

    def units(x: tf.Tensor) -> tf.Tensor:
        return tf.reshape(x, [-1, 30]) @ weights

    found = maximizing_inputs(
        units, range(4), (6, 5), norm=2.0, steps=200, decay=0.0, variation=0.0, jitter=0
    ).numpy().reshape(4, 30)  # fmt: skip
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 2.0, rtol=1e-4)
    directions = weights.T / np.linalg.norm(weights.T, axis=1, keepdims=True)
    assert np.all((found / 2 * directions).sum(axis=1) > 0.99)


def test_a_unit_that_nothing_reaches_is_told():
    with pytest.raises(NoGradientError):
        maximizing_inputs(lambda x: tf.ones([tf.shape(x)[0], 2]), [0, 1], (8, 8, 1), steps=2)


def test_layers_inside_of_models_are_watched_and_those_after_them_not_called(branched, images):
    logits = activations(
        branched, [tf.constant(images)], f"head/{branched.layers[-1].layers[-1].name}"
    )
    np.testing.assert_allclose(logits, branched(images), atol=1e-5)
    # The pooling before it takes images of any size; the head would not.
    assert activations(branched, [tf.zeros([1, 8, 8, 3])], "pool").shape == (1, 3, 3, 8)


def test_whole_numbers_are_not_cut_off_from_their_gradient():
    x = keras.Input((4, 4, 1), dtype="uint8")
    model = keras.Model(x, keras.layers.Dense(2, name="dense")(keras.layers.Flatten()(x)))
    with tf.GradientTape() as tape:
        image = tf.Variable(tf.ones([1, 4, 4, 1]))
        total = tf.reduce_sum(activations(model, [tf.identity(image)], "dense"))
    np.testing.assert_allclose(
        tf.reshape(tape.gradient(total, image), [-1]), model.layers[-1].kernel.numpy().sum(axis=1),
        rtol=1e-5,
    )  # fmt: skip

"""The faster LSTM is Keras' own, in its answers and its gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.layers.lstm import LSTM

INPUTS = np.random.RandomState(0).normal(size=(3, 7, 5)).astype("float32")
STATES = [np.random.RandomState(s).normal(size=(3, 4)).astype("float32") for s in (1, 2)]


def trained(kind, inputs=INPUTS, states=STATES, policy="float32", **options) -> list[np.ndarray]:
    """Outputs in training, and the gradients of inputs, states and weights."""
    keras.utils.set_random_seed(0)
    layer = kind(4, use_cudnn=False, dtype=policy, **options)
    layer.build(inputs.shape)
    watched = [tf.constant(x) for x in (inputs, *states)]

    @tf.function
    def step(inputs, *states):
        with tf.GradientTape() as tape:
            tape.watch([inputs, *states])
            outputs = layer(inputs, initial_state=list(states), training=True)
            parts = tf.nest.flatten(outputs)
            loss = sum(
                tf.reduce_sum(tf.cast(part, tf.float32) ** 2 * weight)
                for weight, part in enumerate(parts, 1)
            )
        return parts, tape.gradient(loss, [inputs, *states, *layer.trainable_variables])

    return [np.array(tf.cast(x, tf.float32)) for x in tf.nest.flatten(step(*watched))]


@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": True},
        {"return_sequences": True, "return_state": True, "go_backwards": True},
        {"return_state": True},
    ],
)
def test_it_does_what_kerass_layer_does(options):
    ours, theirs = trained(LSTM, **options), trained(keras.layers.LSTM, **options)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_it_does_so_for_any_number_of_steps():
    def slopes(kind) -> list[np.ndarray]:
        keras.utils.set_random_seed(0)
        layer = kind(4, return_sequences=True, use_cudnn=False)
        layer.build(INPUTS.shape)

        @tf.function(input_signature=[tf.TensorSpec([3, None, 5])])
        def step(inputs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(layer(inputs, training=True) ** 2)
            return tape.gradient(loss, layer.trainable_variables)

        return [x.numpy() for steps in (7, 4) for x in step(tf.constant(INPUTS[:, :steps]))]

    for a, b in zip(slopes(LSTM), slopes(keras.layers.LSTM), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_it_is_as_near_to_float32_in_bfloat16_as_kerass_layer():
    exact = trained(keras.layers.LSTM, return_sequences=True)
    errors = []
    for kind in (LSTM, keras.layers.LSTM):
        small = trained(kind, policy="mixed_bfloat16", return_sequences=True)
        pairs = zip(small, exact, strict=True)
        errors.append(max(np.abs(a - b).max() / np.abs(b).max() for a, b in pairs))
    assert errors[0] < 1.5 * errors[1] < 0.1


@pytest.mark.parametrize("options", [{"dropout": 0.5}, {"activation": "relu"}, {"unroll": True}])
def test_what_it_is_not_made_for_is_left_to_keras(options):
    ours, theirs = trained(LSTM, **options), trained(keras.layers.LSTM, **options)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_masked_steps_are_skipped():
    mask = np.arange(7) < np.array([[7], [3], [5]])
    layer = LSTM(4, use_cudnn=False)
    whole = layer(INPUTS, mask=mask, training=True)
    np.testing.assert_allclose(whole[1], layer(INPUTS[1:2, :3], training=True)[0], atol=1e-6)


def test_both_directions_are_trained_by_it():
    layer = keras.layers.Bidirectional(LSTM(4, return_sequences=True, use_cudnn=False))
    answers = layer(INPUTS, training=False)
    np.testing.assert_allclose(layer(INPUTS, training=True), answers, atol=1e-6)
    assert all(isinstance(one, LSTM) for one in (layer.forward_layer, layer.backward_layer))

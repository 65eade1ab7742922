"""The fused batch normalization is Keras' own, in its answers, gradients and statistics."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.layers.batch_normalization import BatchNormalization


def trained(layer: keras.layers.Layer, inputs: tf.Tensor) -> list[np.ndarray]:
    """Outputs, gradients and weights after two steps in training, and the answer thereafter."""
    layer.build(inputs.shape)
    for number, weight in enumerate(layer.trainable_weights):
        weight.assign(np.linspace(0.5, 1.5 + number, inputs.shape[-1]))
    results = []
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=True)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) ** 3)
        results += [outputs, *tape.gradient(loss, [inputs, *layer.trainable_variables])]
    results += [*layer.weights, layer(inputs, training=False)]
    return [np.array(tf.cast(result, tf.float32)) for result in results]


@pytest.mark.parametrize("shape", [(4, 5, 3, 16), (4, 5, 3, 6), (64, 7)])
@pytest.mark.parametrize("options", [{}, {"center": False, "scale": False, "momentum": 0.5}])
def test_it_does_what_kerass_layer_does(shape, options):
    inputs = tf.constant(np.random.RandomState(0).normal(2, 3, shape), tf.float32)
    ours = trained(BatchNormalization(**options), inputs)
    theirs = trained(keras.layers.BatchNormalization(**options), inputs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_its_statistics_are_float32_in_bfloat16():
    inputs = tf.constant(np.random.RandomState(0).normal(2, 3, (8, 5, 3, 16)), tf.bfloat16)
    policy = "mixed_bfloat16"
    ours = trained(BatchNormalization(dtype=policy), inputs)
    theirs = trained(keras.layers.BatchNormalization(dtype=policy), inputs)
    assert BatchNormalization(dtype=policy)(inputs, training=True).dtype == tf.bfloat16
    for a, b in zip(ours[-5:-1], theirs[-5:-1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-2)


def test_frozen_it_keeps_still():
    layer = BatchNormalization(trainable=False)
    inputs = tf.random.stateless_normal((4, 5, 3, 16), (0, 0)) + 5.0
    np.testing.assert_allclose(layer(inputs, training=True), layer(inputs, training=False))
    assert not layer.moving_mean.numpy().any()


def test_it_is_saved_and_loaded(tmp_path):
    inputs = keras.Input((4, 4, 16))
    model = keras.Model(inputs, BatchNormalization(momentum=0.9)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].momentum == 0.9

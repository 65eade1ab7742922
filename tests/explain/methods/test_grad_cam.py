"""Grad-CAM agrees with a kept library on a plain network, and marks what decided."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.utils.scores import CategoricalScore

from dlapps.explain.methods.grad_cam import grad_cam


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 12, 3), name="image")
    x = layers.Conv2D(8, 3, activation="relu", name="conv1")(image)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(6, 3, activation="relu", name="conv2")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(image, layers.Dense(4, name="logits")(x))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((3, 16, 12, 3), dtype=np.float32)


@pytest.mark.parametrize("layer", ["conv1", "pool1", "conv2"])
@pytest.mark.parametrize("label", [0, 3])
def test_it_equals_tf_keras_vis(network, images, layer, label):
    ours = grad_cam(network, [tf.constant(images)], lambda logits: logits[:, label], layer)
    found = Gradcam(network, clone=True)(
        CategoricalScore([label] * len(images)),
        images,
        penultimate_layer=layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    theirs = np.asarray(found)
    assert ours.shape == theirs.shape
    # Theirs are stretched from the lowest to the highest, ours from 0, where nothing speaks for it.
    highest = theirs.max(axis=(1, 2), keepdims=True)
    assert highest.max() > 0
    expected = np.divide(theirs, highest, out=np.zeros_like(theirs), where=highest > 0)
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_it_marks_where_the_decisive_maps_are_high():
    image = keras.Input((4, 4, 1))
    maps = layers.Identity(name="maps")(image)
    network = keras.Model(image, layers.GlobalAveragePooling2D()(maps))
    spot = np.zeros((1, 4, 4, 1), np.float32)
    spot[0, 1, 2] = 2.0
    support = grad_cam(network, [tf.constant(spot)], lambda outputs: outputs[:, 0], "maps")
    np.testing.assert_array_equal(support[0], spot[0, ..., 0] / 2)
    against = grad_cam(network, [tf.constant(spot)], lambda outputs: -outputs[:, 0], "maps")
    np.testing.assert_array_equal(against, np.zeros((1, 4, 4)))

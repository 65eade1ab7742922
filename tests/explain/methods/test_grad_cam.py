"""Grad-CAM agrees with a kept library on a plain network, and marks what decided."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.layercam import Layercam
from tf_keras_vis.utils.scores import CategoricalScore

from dlapps.explain.methods.grad_cam import grad_cam, grad_cam_plus_plus, layer_cam


@pytest.mark.parametrize(("method", "theirs"), [(grad_cam, Gradcam), (layer_cam, Layercam)])
@pytest.mark.parametrize("layer", ["conv1", "pool1", "conv2"])
@pytest.mark.parametrize("label", [0, 3])
def test_it_equals_tf_keras_vis(network, images, method, theirs, layer, label):
    ours = method(network, [tf.constant(images)], lambda logits: logits[:, label], layer)
    found = theirs(network, clone=True)(
        CategoricalScore([label] * len(images)),
        images,
        penultimate_layer=layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    maps = np.asarray(found)
    assert ours.shape == maps.shape
    # Theirs are stretched from the lowest to the highest, ours from 0, where nothing speaks for it.
    highest = maps.max(axis=(1, 2), keepdims=True)
    assert highest.max() > 0
    expected = np.divide(maps, highest, out=np.zeros_like(maps), where=highest > 0)
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


def test_places_that_explain_all_of_it_alone_weigh_most():
    """Two objects, one in four places and one in one: Grad-CAM's mean all but loses the small."""
    image = keras.Input((4, 4, 2))
    maps = layers.Identity(name="maps")(image)
    network = keras.Model(image, layers.GlobalMaxPooling2D()(maps))
    x = np.zeros((1, 4, 4, 2), np.float32)
    x[0, :2, :2, 0] = 1.0
    x[0, 3, 3, 1] = 1.0

    def score(outputs):
        return tf.reduce_sum(outputs, axis=1)

    found = grad_cam_plus_plus(network, [tf.constant(x)], score, "maps").numpy()[0]
    # The slope of a maximum, where four are equal, is a quarter each; by hand: shares are
    # (1/16) / (2/16 + 4/64) = 1/3 at each of the four, and 1 / (2 + 1) = 1/3 at the one.
    weights = np.array([4 * 1 / 3 * 1 / 4, 1 / 3])
    assert weights[0] == pytest.approx(weights[1])
    np.testing.assert_allclose(found, x[0].max(axis=-1), atol=1e-6)
    found = grad_cam(network, [tf.constant(x)], score, "maps").numpy()[0]
    np.testing.assert_allclose(found, x[0].max(axis=-1), atol=1e-6)

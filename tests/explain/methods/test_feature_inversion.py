"""What loses nothing gives the input back."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.explain.methods.feature_inversion import inverted_features


@pytest.mark.parametrize("turned", [False, True])
def test_an_invertible_layer_gives_the_input_back(turned):
    random = np.random.default_rng(0)
    image = random.uniform(0.1, 0.9, (2, 6, 5, 1)).astype(np.float32)
    matrix = np.linalg.qr(random.normal(size=(30, 30)))[0].astype(np.float32)

    def features(x: tf.Tensor) -> tf.Tensor:
        flat = tf.reshape(x, [-1, 30])
        return flat @ matrix if turned else flat

    found = inverted_features(features, features(image), (6, 5, 1), variation=0.0)
    np.testing.assert_allclose(found, image, atol=0.02)


def test_total_variation_smooths_what_a_layer_forgot():
    image = np.random.default_rng(0).random((1, 6, 6, 1), np.float32)

    def mean(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(x, axis=[1, 2])

    found = inverted_features(mean, mean(image), (6, 6, 1)).numpy()
    assert np.ptp(found) < 0.01
    np.testing.assert_allclose(found.mean(), image.mean(), atol=0.05)

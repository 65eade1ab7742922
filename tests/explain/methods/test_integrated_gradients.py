"""What integrated gradients give to all numbers is how far the score rose."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.explain.methods.integrated_gradients import integrated_gradients


def score(logits: tf.Tensor) -> tf.Tensor:
    return logits[:, 2]


@pytest.mark.parametrize("baseline", [0.0, 0.5])
@pytest.mark.parametrize("which", ["network", "branched"])
def test_it_is_complete_to_a_hundredth(which, images, baseline, request):
    network = request.getfixturevalue(which)
    found = integrated_gradients(network, [tf.constant(images)], score, baseline=baseline)
    assert found.shape == images.shape
    rise = score(network(images)) - score(network(np.full_like(images, baseline)))
    np.testing.assert_allclose(found.numpy().sum(axis=(1, 2, 3)), rise, rtol=1e-2)


def test_of_a_square_each_number_gets_its_own():
    x = keras.Input((2,))
    network = keras.Model(x, keras.ops.sum(x**2, axis=-1, keepdims=True))
    found = integrated_gradients(network, [tf.constant([[3.0, -1.0]])], lambda y: y[:, 0])
    np.testing.assert_allclose(found, [[9.0, 1.0]], rtol=1e-5)

"""Label smoothing on numbered labels is Keras' own on one-hot labels."""

import keras
import numpy as np
import pytest

from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_like_keras_on_one_hot_labels_and_weighted(smoothing):
    random = np.random.default_rng(0)
    logits = random.standard_normal((2, 3, 5)).astype(np.float32)
    labels = random.integers(0, 5, (2, 3))
    weights = np.array([[1, 1, 1], [1, 0, 0]], np.float32)
    each = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, reduction="none"
    )(np.eye(5, dtype=np.float32)[labels], logits)
    expected = np.sum(np.asarray(each) * weights) / weights.sum()
    loss = SmoothedCrossentropy(smoothing)
    np.testing.assert_allclose(loss(labels, logits, weights), expected, rtol=1e-5)
    again = SmoothedCrossentropy.from_config(loss.get_config())
    np.testing.assert_allclose(again(labels, logits, weights), expected, rtol=1e-5)

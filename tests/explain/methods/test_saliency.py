"""Saliency, and its mean under noise, agree with a kept library on a plain network."""

import numpy as np
import pytest
import tensorflow as tf
from tf_keras_vis.saliency import Saliency
from tf_keras_vis.utils.scores import CategoricalScore

from dlapps.explain.methods.saliency import saliency
from dlapps.explain.methods.smooth_grad import smooth_grad


def theirs(network, images, label, **options) -> np.ndarray:
    found = Saliency(network, clone=True)(
        CategoricalScore([label] * len(images)), images, normalize_map=False, keepdims=True,
        **options,
    )  # fmt: skip
    return np.asarray(found)


@pytest.mark.parametrize("label", [0, 3])
def test_it_equals_tf_keras_vis(network, images, label):
    ours = saliency(network, [tf.constant(images)], lambda logits: logits[:, label])
    np.testing.assert_allclose(ours, theirs(network, images, label), atol=1e-4)
    assert ours.numpy().max() > 0.01


def test_under_the_same_noise_its_mean_equals_theirs(network, images, monkeypatch):
    draws = [tf.random.stateless_normal(images.shape, [5, sample]).numpy() for sample in range(8)]
    monkeypatch.setattr(np.random, "normal", lambda mean, deviation, shape: deviation * draws)
    ours = smooth_grad(
        network, [tf.constant(images)], lambda logits: logits[:, 1], samples=8, noise=0.2, seed=5
    )
    expected = theirs(network, images, 1, smooth_samples=8, smooth_noise=0.2)
    np.testing.assert_allclose(ours, expected, atol=1e-4)

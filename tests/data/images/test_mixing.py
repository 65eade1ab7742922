"""Mixtures weigh labels as they weigh pixels; holes are where they were drawn."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from dlapps.data.images.mixing import beta_quantiles, cut_mixed, cut_out, mixed_up

IMAGES = tf.constant(np.stack([np.zeros((8, 6, 1)), np.ones((8, 6, 1))]).astype(np.float32))
TARGETS = tf.constant([[1.0, 0.0], [0.0, 1.0]])


def test_weights_have_the_beta_distribution():
    draws = tf.constant((np.arange(20_000) + 0.5) / 20_000, tf.float32)
    for alpha in (0.2, 1.0, 4.0):
        weights = beta_quantiles(draws, alpha).numpy()
        assert stats.kstest(weights, stats.beta(alpha, alpha).cdf).statistic < 0.02


def test_mixup_mixes_pixels_and_labels_alike():
    draws = tf.constant([0.3, 0.8])
    images, targets = mixed_up(IMAGES, TARGETS, draws, 1.0)
    np.testing.assert_allclose(targets, [[0.3, 0.7], [0.2, 0.8]], atol=1e-5)
    # Black is the first class and white the second, so brightness is the share of the second.
    np.testing.assert_allclose(tf.reduce_mean(images, [1, 2, 3]), targets[:, 1], atol=1e-5)


@pytest.mark.parametrize("middle", [0.5, 0.1])
def test_cutmix_weighs_labels_by_the_pixels_that_are_left(middle):
    draws, places = tf.constant([0.5, 0.7]), tf.constant([[middle] * 2, [0.4, 0.9]])
    images, targets = cut_mixed(IMAGES, TARGETS, draws, places, 1.0)
    np.testing.assert_allclose(tf.reduce_mean(images, [1, 2, 3]), targets[:, 1], atol=1e-5)
    assert set(np.unique(images)) == {0.0, 1.0}, "pixels are copied, not blended"
    assert 0 < targets[0, 1] < 0.6


def test_cutout_covers_a_square_with_the_mean():
    image = tf.constant(np.indices((8, 8)).sum(0)[None, :, :, None].astype(np.float32))
    covered = cut_out(image, tf.constant([[0.5, 0.5]]), 0.5).numpy()[0, :, :, 0]
    changed = covered != image.numpy()[0, :, :, 0]
    np.testing.assert_allclose(covered[2:6, 2:6], 7.0)
    changed[2:6, 2:6] = False
    assert not changed.any()


def test_a_hole_at_the_corner_lies_partly_outside():
    covered = cut_out(IMAGES[1:] * tf.linspace(0.0, 1.0, 6)[:, None], tf.zeros([1, 2]), 0.7).numpy()
    assert (covered[0, :2, :2] == covered[0, 0, 0]).all()
    assert covered[0, 4:, 4:].max() == 1

"""A dream's loss falls where a network sees more, at the octave's size and wherever it is moved."""

import numpy as np
import tensorflow as tf

from dlapps.losses.dream import DreamLoss

UNMOVED = np.zeros((1, 2), np.int32)


def features(images):
    """Maps that see their left upper quarter only."""
    return {"corner": images[:, :2, :2], "brightness": images}


def test_it_is_the_mean_logarithm_of_what_is_seen():
    picture = np.random.default_rng(0).uniform(0.1, 1, size=(1, 4, 4, 3)).astype(np.float32)
    loss = DreamLoss(features, (4, 4)).call(UNMOVED, picture)
    expected = -np.log([np.mean(picture[:, :2, :2] ** 2), np.mean(picture**2)]).mean()
    np.testing.assert_allclose(loss, [expected], rtol=1e-4)


def test_a_picture_is_moved_around_its_borders():
    picture = np.random.default_rng(0).uniform(size=(1, 4, 5, 3)).astype(np.float32)
    seen = []
    loss = DreamLoss(lambda images: seen.append(images) or features(images), (4, 5))
    loss.call(tf.constant([[1, -2]]), picture)
    np.testing.assert_array_equal(seen[0], np.roll(picture, (1, -2), axis=(1, 2)))


def test_an_octave_is_looked_at_in_its_size():
    seen = []
    loss = DreamLoss(lambda images: seen.append(images) or features(images), (3, 6))
    loss.call(UNMOVED, np.full((1, 8, 12, 3), 0.5, np.float32))
    assert seen[0].shape == (1, 3, 6, 3)
    np.testing.assert_allclose(seen[0], 0.5, rtol=1e-5)

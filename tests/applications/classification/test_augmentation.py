"""A classifier's augmentation does what was asked, from draws alone."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.classification.augmentation import (
    ClassifierAugmentation,
    augmented,
    cropped,
    mixed,
)

IMAGES = tf.constant(np.random.default_rng(0).random((6, 8, 8, 3), np.float32))
LABELS = tf.constant([0, 1, 2, 0, 1, 2])
EVERYTHING = ClassifierAugmentation(
    rotation=10, flip=True, crop=2, cutout=0.3, mixup=0.2, cutmix=1.0,
    colour={"brightness": 0.2, "hue": 0.1}, randaugment={"layers": 2, "magnitude": 5},
)  # fmt: skip


def draws(settings: ClassifierAugmentation, seed: int = 0) -> tf.Tensor:
    shape = (6, sum(settings.draws().values()))
    return tf.constant(np.random.default_rng(seed).random(shape, np.float32))


def test_nothing_asked_for_takes_no_draws_and_changes_nothing():
    settings = ClassifierAugmentation()
    assert settings.draws() == {}
    assert settings.is_identity
    np.testing.assert_array_equal(augmented(IMAGES, tf.zeros([6, 0]), settings), IMAGES)


@pytest.mark.parametrize(
    "settings",
    [{"flip": True}, {"crop": 2}, {"cutout": 0.5}, {"colour": {"contrast": 0.5}},
     {"randaugment": {}}, {"shift": 0.2}],
    ids=str,
)  # fmt: skip
def test_each_setting_acts_alone_and_follows_its_draws(settings):
    settings = ClassifierAugmentation(**settings)
    assert not settings.is_identity
    one = augmented(IMAGES, draws(settings), settings)
    np.testing.assert_array_equal(one, augmented(IMAGES, draws(settings), settings))
    assert one.shape == IMAGES.shape
    assert np.any(one != IMAGES)
    assert np.any(one != augmented(IMAGES, draws(settings, seed=1), settings))


def test_all_together():
    views = augmented(IMAGES, draws(EVERYTHING), EVERYTHING)
    images, targets = mixed(views, LABELS, draws(EVERYTHING), EVERYTHING, 3)
    assert images.shape == IMAGES.shape
    np.testing.assert_allclose(tf.reduce_sum(targets, axis=1), 1.0, rtol=1e-6)
    assert float(tf.reduce_min(images)) >= 0
    assert float(tf.reduce_max(images)) <= 1


def test_a_crop_moves_whole_pixels_over_black():
    image = tf.ones([1, 4, 4, 1])
    corner = cropped(image, tf.zeros([1, 2]), 1).numpy()[0, :, :, 0]
    expected = np.pad(np.ones((3, 3)), [(1, 0), (1, 0)])
    np.testing.assert_array_equal(corner, expected)
    np.testing.assert_array_equal(cropped(image, tf.fill([1, 2], 0.5), 1), image)

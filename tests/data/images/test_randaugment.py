"""Every operation of RandAugment does what Pillow's of that name does."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from dlapps.data.images.randaugment import OPERATIONS, RandAugmentation, rand_augmented

FACTOR = 1 + 0.9 * 0.5  # The blends' at magnitude 5, to the stronger side.
PILLOW = {
    "identity": lambda image: image,
    "autocontrast": ImageOps.autocontrast,
    "equalize": ImageOps.equalize,
    "solarize": lambda image: ImageOps.solarize(image, 128),
    "posterize": lambda image: ImageOps.posterize(image, 6),
    "colour": lambda image: ImageEnhance.Color(image).enhance(FACTOR),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(FACTOR),
    "brightness": lambda image: ImageEnhance.Brightness(image).enhance(FACTOR),
    "sharpness": lambda image: ImageEnhance.Sharpness(image).enhance(FACTOR),
}
GEOMETRIC = [name for name in OPERATIONS if name not in PILLOW]


@pytest.fixture
def photo() -> np.ndarray:
    """uint8 [96, 80, 3]: smooth colours with noise, neither black nor white."""
    random = np.random.default_rng(0)
    ramp = np.linspace(40, 190, 96)[:, None, None] + np.array([0, 10, 20])
    return (ramp + random.normal(0, 8, (96, 80, 3))).astype(np.uint8)


def operated(photo: np.ndarray, name: str, direction: float = 0.9, magnitude: float = 5.0):
    draws = [[(OPERATIONS.index(name) + 0.5) / len(OPERATIONS), direction]]
    images = tf.constant(photo[None] / 255.0, tf.float32)
    settings = RandAugmentation(layers=1, magnitude=magnitude)
    return rand_augmented(images, tf.constant(draws, tf.float32), settings).numpy()[0] * 255


@pytest.mark.parametrize("name", PILLOW)
def test_values_change_as_pillow_changes_them(photo, name):
    expected = np.array(PILLOW[name](Image.fromarray(photo))).astype(float)
    ours = operated(photo, name)
    assert np.abs(ours - expected).max() <= (3 if name == "equalize" else 2)
    if name != "identity":
        assert np.abs(expected - photo).mean() > 1, "the operation can be told from none"


@pytest.mark.parametrize("name", GEOMETRIC)
def test_images_move_either_way_and_back_to_nothing(photo, name):
    one, other = operated(photo, name, 0.9), operated(photo, name, 0.1)
    assert np.abs(one - photo).mean() > 1
    assert np.abs(one - other).mean() > 1
    np.testing.assert_allclose(operated(photo, name, magnitude=0.0), photo, atol=0.01)


def test_each_image_goes_through_its_own_operations(photo):
    draws = np.zeros((2, 4), np.float32)
    draws[1, 0] = draws[1, 2] = (OPERATIONS.index("solarize") + 0.5) / len(OPERATIONS)
    images = np.stack([photo, photo]).astype(np.float32) / 255
    settings = RandAugmentation(layers=2, magnitude=10)
    plain, twice = rand_augmented(tf.constant(images), tf.constant(draws), settings).numpy()
    np.testing.assert_allclose(plain, images[0], atol=1e-6)
    np.testing.assert_allclose(twice, images[0], atol=1e-6, err_msg="inverted twice")


def test_grey_images_are_taken_too():
    images = tf.constant(np.random.default_rng(0).random((14, 8, 8, 1), np.float32))
    draws = tf.stack([(tf.range(14.0) + 0.5) / 14, tf.ones(14)], axis=1)
    assert rand_augmented(images, draws, RandAugmentation(layers=1)).shape == (14, 8, 8, 1)

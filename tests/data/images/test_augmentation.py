"""Augmentation moves images as far as it is told to and no further."""

import numpy as np
import pydantic
import pytest
import tensorflow as tf

from dlapps.data.images.augmentation import NUM_DRAWS, Augmentation, augment

SIZE = 9


def image_with_a_dot(row: int, column: int) -> np.ndarray:
    image = np.zeros((1, SIZE, SIZE, 1), np.float32)
    image[0, row, column] = 1.0
    return image


def draws(**values: float) -> tf.Tensor:
    """The middle of every range, which changes nothing, except where a draw is named."""
    names = ("rotation", "shear", "zoom", "flip", "shift_x", "shift_y")
    assert len(names) == NUM_DRAWS
    return tf.constant([[values.get(name, 0.5) for name in names]])


def test_nothing_asked_for_is_nothing_done():
    image = image_with_a_dot(2, 3)
    assert Augmentation().is_identity
    np.testing.assert_array_equal(augment(image, draws(), Augmentation()), image)


def test_the_middle_of_every_range_leaves_the_image():
    image = image_with_a_dot(2, 3)
    settings = Augmentation(rotation=30, shift=0.2, zoom=0.2, shear=10)
    np.testing.assert_allclose(augment(image, draws(), settings), image, atol=1e-6)


def test_a_flip_mirrors_left_and_right():
    settings = Augmentation(flip=True)
    image = image_with_a_dot(2, 3)
    flipped = augment(image, draws(flip=0.2), settings)
    np.testing.assert_allclose(flipped, image_with_a_dot(2, SIZE - 1 - 3), atol=1e-6)
    np.testing.assert_allclose(augment(image, draws(flip=0.8), settings), image, atol=1e-6)


def test_a_quarter_turn_about_the_middle():
    turned = augment(image_with_a_dot(1, 4), draws(rotation=1.0), Augmentation(rotation=90))
    np.testing.assert_allclose(turned, image_with_a_dot(4, 1), atol=1e-5)


def test_a_shift_moves_by_a_fraction_of_the_size():
    settings = Augmentation(shift=2 / SIZE)
    moved = augment(image_with_a_dot(4, 4), draws(shift_x=1.0, shift_y=0.0), settings)
    np.testing.assert_allclose(moved, image_with_a_dot(6, 2), atol=1e-5)


def test_what_comes_in_from_outside_is_the_nearest_border():
    moved = augment(np.ones((1, SIZE, SIZE, 1), np.float32), draws(shift_x=1.0),
                    Augmentation(shift=0.5))  # fmt: skip
    np.testing.assert_allclose(moved, 1.0, atol=1e-6)


@pytest.mark.parametrize("wrong", [{"shift": 1.5}, {"rotation": -1}, {"blur": 1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(pydantic.ValidationError):
        Augmentation(**wrong)

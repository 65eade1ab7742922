"""Colours change as far as they are told to and no further."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf

from dlapps.data.images.colour import ColourAugmentation, recoloured

COLOUR = (0.6, 0.3, 0.4)


def recolour(draws: list[float], **settings: float) -> np.ndarray:
    image = tf.constant(np.broadcast_to(np.float32(COLOUR), (1, 2, 2, 3)))
    return recoloured(image, tf.constant([draws]), ColourAugmentation(**settings)).numpy()[0, 0, 0]


def test_the_middle_of_every_range_leaves_the_image():
    settings = {"brightness": 0.5, "contrast": 0.5, "saturation": 0.5, "hue": 0.5}
    np.testing.assert_allclose(recolour([0.5] * 4, **settings), COLOUR, atol=1e-6)


def test_brightness_is_a_factor():
    changed = recolour([1.0, 0.5, 0.5, 0.5], brightness=0.5)
    np.testing.assert_allclose(changed, 1.5 * np.array(COLOUR), atol=1e-6)


def test_without_saturation_all_is_grey():
    grey = recolour([0.5, 0.5, 0.0, 0.5], saturation=0.999)
    assert np.ptp(grey) < 0.001
    assert grey.mean() == pytest.approx(np.dot(COLOUR, [0.299, 0.587, 0.114]), abs=0.001)


def test_a_third_of_the_circle_changes_red_to_green():
    turned = recolour([0.5, 0.5, 0.5, 1.0], hue=1 / 3)
    np.testing.assert_allclose(turned, np.roll(COLOUR, 1), atol=1e-5)
    hue = colorsys.rgb_to_hsv(*turned)[0] - colorsys.rgb_to_hsv(*COLOUR)[0]
    assert hue % 1 == pytest.approx(1 / 3, abs=0.01)


def test_contrast_moves_values_from_their_mean():
    image = tf.constant(np.array([0.4, 0.6], np.float32).reshape(1, 1, 2, 1))
    draws = tf.constant([[0.5, 1.0, 0.5, 0.5]])
    changed = recoloured(image, draws, ColourAugmentation(contrast=0.5)).numpy().ravel()
    np.testing.assert_allclose(changed, [0.35, 0.65], atol=1e-6)

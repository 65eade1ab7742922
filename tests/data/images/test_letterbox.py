"""Images are laid into a size without changing their proportions."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.data.images.letterbox import letterboxed


@pytest.mark.parametrize(
    ("shape", "inner", "scale"),
    [
        ((40, 80), (32, 64), 0.8),
        ((10, 5), (64, 32), 6.4),
        ((64, 64), (64, 64), 1.0),
        ((1, 3000), (1, 64), 64 / 3000),
    ],
)
def test_an_image_fills_its_corner(shape, inner, scale):
    image = np.full((*shape, 3), 200, np.uint8)
    laid, found = letterboxed(tf.constant(image), (64, 64))
    assert laid.shape == (64, 64, 3)
    np.testing.assert_allclose(found, scale, rtol=1e-6)
    rows, columns, _ = np.nonzero(laid.numpy())
    assert (rows.max() + 1, columns.max() + 1) == inner
    assert (laid.numpy()[: inner[0], : inner[1]] == 200).all()


def test_an_image_that_fits_is_left_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
    laid, _ = letterboxed(tf.constant(image), (64, 64))
    np.testing.assert_array_equal(laid[:32], image)

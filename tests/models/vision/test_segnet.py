"""SegNet has the parameters of the paper, and its decoder puts maxima where they were found."""

from itertools import pairwise

import keras
import numpy as np
import pytest

from dlapps.models.vision.segnet import segnet


def images(*size: int) -> np.ndarray:
    return np.random.default_rng(0).random((2, *size, 3), dtype=np.float32)


def test_the_published_network_has_29_457_291_parameters():
    """VGG-16's thirteen convolutions, and their mirror image; each has a normalization."""
    widths = [3, 64, 64, 128, 128, *[256] * 3, *[512] * 6]
    down = [*pairwise(widths)]
    up = [(b, a) for a, b in down[1:]][::-1]
    weights = sum(9 * a * b for a, b in down + up) + (9 * 64 + 1) * 11
    channels = sum(b for _, b in down + up)
    assert weights + 2 * channels == 29_441_419
    model = segnet((None, None, 3), 11)
    assert model.count_params() == weights + 4 * channels == 29_457_291


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (1, 1)])
def test_every_pixel_of_an_image_of_any_size_is_answered(size):
    model = segnet((None, None, 3), 4, filters=2, depth=3, dropout=0.5)
    assert model(images(*size)).shape == (2, *size, 4)


def test_unpooled_maps_are_zero_but_where_pooling_found_its_maxima():
    model = segnet((None, None, 3), 4, filters=2, depth=1)
    taps = ["down1", "pool1", "unpool1"]
    maps, pooled, unpooled = keras.Model(
        model.input, [model.get_layer(name).output for name in taps]
    )(images(8, 8))
    found = np.asarray(unpooled)
    # Of one level, what is unpooled is what was pooled.
    np.testing.assert_array_equal(found[found > 0], np.asarray(maps)[found > 0])
    np.testing.assert_allclose(found.sum(axis=(1, 2)), np.sum(pooled, axis=(1, 2)), rtol=1e-6)

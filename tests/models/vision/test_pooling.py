"""Overlapping pooling rounds sizes up, and its windows begin at the corner."""

import keras
import numpy as np
import pytest

from dlapps.models.vision.pooling import overlapping_max_pooling


@pytest.mark.parametrize("shape", [(2, 3), (5, 8), (7, 6), (112, 55)])
def test_windows_may_hang_over_the_border(shape):
    inputs = keras.Input((*shape, 2))
    model = keras.Model(inputs, overlapping_max_pooling(inputs, "pool"))
    x = np.random.default_rng(0).random((3, *shape, 2), dtype=np.float32)
    # ceil((n - 3) / 2) + 1 windows, as Caffe has them.
    height, width = (-((3 - n) // 2) + 1 for n in shape)
    expected = [
        [x[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max(axis=(1, 2)) for j in range(width)]
        for i in range(height)
    ]
    np.testing.assert_array_equal(model(x), np.transpose(expected, (2, 0, 1, 3)))
    assert model.output_shape == (None, height, width, 2)

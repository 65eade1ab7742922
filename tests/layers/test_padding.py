"""Images are mirrored up to a multiple, and cut back to what they were."""

import keras
import numpy as np
import pytest

from dlapps.layers.padding import CropLike, PadToMultiple


@pytest.mark.parametrize(("height", "width"), [(8, 4), (5, 7), (1, 3), (2, 9)])
def test_padding_mirrors_as_numpy_does(height, width):
    x = np.arange(2 * height * width * 3, dtype=np.float32).reshape(2, height, width, 3)
    padded = np.asarray(PadToMultiple(4)(x))
    below, beside = -height % 4, -width % 4
    expected = np.pad(x, [(0, 0), (0, below), (0, beside), (0, 0)], mode="symmetric")
    np.testing.assert_array_equal(padded, expected)
    np.testing.assert_array_equal(CropLike()([padded, x]), x)


def test_shapes_are_known_where_the_input_is():
    assert PadToMultiple(16)(keras.Input((40, None, 1))).shape == (None, 48, None, 1)
    inputs = keras.Input((5, None, 1))
    assert CropLike()([keras.Input((16, None, 7)), inputs]).shape == (None, 5, None, 7)

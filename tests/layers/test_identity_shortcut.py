"""The identity shortcut skips places, adds zeros, and is no layer that learns."""

import keras
import numpy as np
import pytest

from dlapps.layers.identity_shortcut import IdentityShortcut


@pytest.mark.parametrize("sides", [(4, 6), (5, 7), (1, 1)])
def test_every_other_place_and_zeros_after_the_channels(sides):
    maps = np.random.default_rng(0).random((2, *sides, 3), dtype=np.float32)
    outputs = IdentityShortcut(5, strides=2)(maps).numpy()
    assert outputs.shape == (2, (sides[0] + 1) // 2, (sides[1] + 1) // 2, 5)
    np.testing.assert_array_equal(outputs[..., :3], maps[:, ::2, ::2])
    assert not outputs[..., 3:].any()


def test_it_has_the_shape_that_it_says_and_is_saved(tmp_path):
    inputs = keras.Input((None, 7, 3))
    model = keras.Model(inputs, IdentityShortcut(8, strides=2)(inputs))
    assert model.output_shape == (None, None, 4, 8)
    assert model.count_params() == 0
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).random((2, 5, 7, 3), dtype=np.float32)
    np.testing.assert_array_equal(model(x), loaded(x))

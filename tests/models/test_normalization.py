"""Normalizations leave what their papers say with mean 0 and variance 1."""

import keras
import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.normalization import normalized


def normalize(x: np.ndarray, *arguments, **options) -> np.ndarray:
    inputs = keras.Input(x.shape[1:])
    outputs = normalized(inputs, *arguments, "normalization", **options)
    return keras.Model(inputs, outputs)(x, training=True).numpy()


@pytest.fixture
def maps() -> np.ndarray:
    return 3 + 2 * np.random.default_rng(0).normal(size=(6, 4, 5, 8)).astype(np.float32)


@pytest.mark.parametrize(
    ("normalization", "shape", "axes"),
    [
        ("batch", (6, 4, 5, 8), (0, 1, 2)),
        ("layer", (6, 4, 5, 8), (1, 2, 3)),
        ("group", (6, 4, 5, 2, 4), (1, 2, 4)),
    ],
)
def test_what_is_normalized_together(maps, normalization, shape, axes):
    parts = normalize(maps, normalization, groups=2).reshape(shape)
    np.testing.assert_allclose(parts.mean(axes), 0, atol=1e-4)
    np.testing.assert_allclose(parts.std(axes), 1, atol=2e-3)


def test_none_changes_nothing(maps):
    np.testing.assert_array_equal(normalize(maps, "none"), maps)


def test_groups_that_do_not_divide_the_channels_are_refused(maps):
    with pytest.raises(UsageError, match=r"groups 3 does not divide the 8 channels.*such as 2"):
        normalize(maps, "group", groups=3)

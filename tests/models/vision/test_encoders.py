"""Encoders give maps at several scales of images of any size, and holes in place of a stride."""

import keras
import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.vision.encoders import encoded


def images(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((2, height, width, 3), dtype=np.float32)


def maps_of(encoder: str, shape: tuple, *coarsest: int) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Model(*encoded(shape, encoder, "none", 2, *coarsest))


@pytest.mark.parametrize("encoder", ["resnet18", "vgg16"])
def test_maps_are_the_same_whether_the_size_is_known_or_not(encoder):
    fixed, free = maps_of(encoder, (64, 96, 3)), maps_of(encoder, (None, None, 3))
    expected, found = fixed(images(64, 96)), free(images(64, 96))
    assert expected.keys() == found.keys()
    for stride, maps in expected.items():
        assert maps.shape[1:3] == (64 // stride, 96 // stride)
        np.testing.assert_array_equal(found[stride], maps)
    sides = {stride: maps.shape[1:3] for stride, maps in free(images(33, 65)).items()}
    assert sides == {stride: (64 // stride, 96 // stride) for stride in expected}


@pytest.mark.parametrize(
    ("encoder", "first"),
    [
        ("resnet18", 0),
        ("vgg16", 0),
        pytest.param("efficientnet_lite0", 1, marks=pytest.mark.slow),
    ],
)
def test_kernels_with_holes_see_at_every_other_place_what_strided_ones_see(encoder, first):
    """TensorFlow's padding shifts the strided places of efficientnet_lite0 by one."""
    shape = (None, None, 3)
    strided, dense = maps_of(encoder, shape), maps_of(encoder, shape, 16)
    x = images(64, 96)
    maps = dense(x)[16]
    assert maps.shape[1:3] == (4, 6)
    assert max(dense.output) == 16
    expected = np.asarray(strided(x)[32])
    found = np.asarray(maps)[:, first::2, first::2]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_sizes_and_weights_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="multiples of 32"):
        encoded((64, 65, 3), "resnet18", "none", 2)
    with pytest.raises(UsageError, match="none of resnet18"):
        encoded((None, None, 3), "resnet18", "imagenet", 2)

"""DeepLab sees each place at several distances and within its image, and answers every pixel."""

import keras
import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.vision.deeplab import deeplab

SMALL = {"encoder": "vgg16", "weights": "none", "filters": 2, "pyramid_filters": 8}


def images(*size: int) -> np.ndarray:
    return np.random.default_rng(0).random((2, *size, 3), dtype=np.float32)


def convolution(inputs: int, outputs: int, side: int) -> int:
    """Its weights and the four numbers a channel of its normalization."""
    return side * side * inputs * outputs + 4 * outputs


@pytest.mark.parametrize("decoder", [False, True])
def test_parameters_are_those_of_the_pyramid_and_the_decoder(decoder):
    model = deeplab((None, None, 3), 5, rates=(1, 2, 3), decoder=decoder, **SMALL)
    encoder = sum(layer.count_params() for layer in model.layers if layer.name.startswith("block"))
    width = 16  # VGG's last, at two filters for the first
    pyramid = 2 * convolution(width, 8, 1) + 3 * convolution(width, 8, 3)
    pyramid += convolution(5 * 8, 8, 1)
    refined = convolution(4, 48, 1) + convolution(8 + 48, 8, 3) + convolution(8, 8, 3)
    expected = encoder + pyramid + (refined if decoder else 0) + 5 * (8 + 1)
    assert model.count_params() == expected


def test_a_finer_decoder_answers_at_half_of_the_image():
    four, two = (
        deeplab((None, None, 3), 5, rates=(1,), decoder=True, finest_stride=stride, **SMALL)
        for stride in (4, 2)
    )
    joined = convolution(2, 24, 1) + convolution(8 + 24, 4, 3)
    assert two.count_params() - four.count_params() == joined - 5 * 4
    scores = keras.Model(two.input, two.get_layer("coarse_scores").output)
    assert scores(images(32, 48)).shape == (2, 16, 24, 5)
    assert two(images(33, 47)).shape == (2, 33, 47, 5)


@pytest.mark.parametrize("options", [{"decoder": False}, {"decoder": True, "encoder": "resnet18"}])
def test_a_finer_decoder_needs_maps_as_fine(options):
    with pytest.raises(UsageError, match=r"finest_stride 2 is for a decoder on efficientnet_lite0"):
        deeplab((None, None, 3), 5, **SMALL | options, finest_stride=2)


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (1, 1)])
def test_every_pixel_of_an_image_of_any_size_is_answered(size):
    model = deeplab((None, None, 3), 5, rates=(6,), decoder=True, **SMALL)
    assert model(images(*size)).shape == (2, *size, 5)


def test_the_average_is_joined_as_a_further_branch_would_be():
    """A 1x1 convolution of the branches and of the repeated average beside them."""
    model = deeplab((None, None, 3), 5, rates=(1,), **SMALL)
    names = ["pyramid", "average_pyramid", "bottom_sum"]
    branches, average, joined = keras.Model(
        model.input, [model.get_layer(name).output for name in names]
    )(images(32, 48))
    everywhere = np.broadcast_to(average, (*branches.shape[:3], 8))
    kernel = np.concatenate(
        [model.get_layer(name).kernel[0, 0] for name in ("bottom_conv", "bottom_average_conv")]
    )
    expected = np.concatenate([branches, everywhere], axis=-1) @ kernel
    np.testing.assert_allclose(joined, expected, atol=1e-5)

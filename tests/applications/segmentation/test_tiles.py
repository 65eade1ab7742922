"""Tiles answer a large image as the network would answer the whole."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from dlapps.applications.segmentation.answers import (
    classify_large,
    mask_answers,
    segment,
    segment_large,
)
from dlapps.applications.segmentation.data import MaskSpec
from dlapps.applications.segmentation.tiles import TileSettings, tiling_of
from dlapps.errors import UsageError
from dlapps.models.vision.reach import reach
from dlapps.models.vision.segnet import segnet
from dlapps.models.vision.unet import unet

NAMES = ("ground", "car", "tree")
SPEC = MaskSpec(channels=3, class_names=NAMES)
SHAPE = (None, None, 3)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return unet(SHAPE, len(NAMES), filters=2, depth=2)


def picture(height, width):
    return np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)


def whole_of(network, images, spec=SPEC, scale=None):
    return segment(functools.partial(network, training=False), images, spec, scale)


@pytest.mark.parametrize("size", [(30, 200), (161, 100), (150, 213), (9, 11)])
def test_tiles_leave_no_seams(network, size):
    images = picture(*size)
    tiles = TileSettings(size=98)
    assert tiling_of(network, tiles) == (100, 24, 4)
    tiled = segment_large(network, images, SPEC, tiles)
    whole = whole_of(network, images)
    np.testing.assert_allclose(tiled, whole, atol=1e-5)
    class_map = classify_large(network, images, SPEC, tiles)
    assert np.mean(class_map == np.argmax(whole, axis=-1)) > 0.9999


def test_without_overlap_there_are_seams(network):
    images = picture(150, 150)
    tiled = segment_large(network, images, SPEC, TileSettings(size=100, overlap=0))
    assert np.abs(tiled - whole_of(network, images)).max() > 1e-3


def test_another_network_leaves_no_seams_either():
    keras.utils.set_random_seed(0)
    network, images = segnet(SHAPE, len(NAMES), filters=2, depth=2), picture(150, 213)
    tiled = segment_large(network, images, SPEC, TileSettings(size=128))
    np.testing.assert_allclose(tiled, whole_of(network, images), atol=1e-5)


def test_the_reach_is_as_far_as_a_change_is_seen(network):
    """Of the paper's network 92 pixels by its convolutions, and what halving adds."""
    assert reach(unet(SHAPE, 2, filters=1, depth=4)) == 92 + 1 + 2 + 4 + 8
    far, images = int(reach(network)), picture(1, 160) + np.zeros((1, 4, 1, 1), np.uint8)
    changed = images.copy()
    changed[:, :, 80] = 255 - changed[:, :, 80]
    differs = np.abs(whole_of(network, changed) - whole_of(network, images)).max(axis=(0, 1, 3)) > 0
    (places,) = np.nonzero(differs)
    assert far / 2 < np.abs(places - 80).max() <= far


def test_files_are_answered_by_tiles_in_one_graph(network):
    images = picture(150, 213)
    answer = mask_answers(network, SPEC, tiles=TileSettings(size=100))["serving_default"]
    seen = []
    network_call = network.call
    network.call = lambda tile, **options: seen.append(tile.shape) or network_call(tile, **options)
    try:
        outputs = answer.traced()(image_bytes=tf.constant([tf.io.encode_png(images[0]).numpy()]))
    finally:
        del network.call
    assert len(seen) == 1, "the loop over tiles is the graph's"
    expected = np.argmax(whole_of(network, images), axis=-1)
    assert np.mean(outputs["class_map"] == expected) > 0.9999


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_images_are_seen_at_the_scale_that_is_asked_for(network, scale):
    """Where training resized all images, a scale is what there are tiles at."""
    resized = SPEC.model_copy(update={"image_size": (16, 16)})
    images, tiles = picture(90, 70), TileSettings(size=100, scale=scale)
    tiled = segment_large(network, images, resized, tiles)
    assert tiled.shape == (1, 90, 70, 3)
    np.testing.assert_allclose(tiled, whole_of(network, images, resized, scale), atol=1e-5)
    assert np.abs(tiled - whole_of(network, images, resized)).max() > 1e-3
    answer = mask_answers(network, resized, tiles=tiles)["serving_default"]
    inputs, expected = answer.example()
    outputs = answer.traced()(**answer.tensors(inputs))
    np.testing.assert_array_equal(outputs["class_map"], expected["class_map"])


def test_without_a_scale_images_are_resized_as_in_training(network):
    resized = SPEC.model_copy(update={"image_size": (16, 16)})
    images = picture(300, 70)
    answered = segment_large(network, images, resized, TileSettings(size=100))
    np.testing.assert_array_equal(answered, whole_of(network, images, resized))


def test_borders_that_leave_nothing_are_refused(network):
    with pytest.raises(ValidationError, match=r"overlap 50 leaves nothing of tiles of 100"):
        TileSettings(size=100, overlap=50)
    with pytest.raises(UsageError, match=r"tiles\.overlap 41 leaves nothing of tiles of 84"):
        tiling_of(network, TileSettings(size=84, overlap=41))

"""An image and its mask are moved alike, and no pixel of a mask is invented."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.segmentation.augmentation import (
    NUM_PAIRED_DRAWS,
    PairedAugmentation,
    augment_pair,
)
from dlapps.data.images.augmentation import NUM_DRAWS, augment

SIZE = 12
EVERYTHING = PairedAugmentation(
    crop=8, flip=True, quarter_turns=True, rotation=40, zoom=0.2, shear=10, shift=0.1, elastic=2
)


def pairs(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Images that hold 40 times the class that their mask has in that place."""
    masks = np.random.default_rng(0).integers(0, 6, (count, SIZE, SIZE)).astype(np.uint8)
    return 40 * masks[..., None], masks


def draws(count: int = 6) -> tf.Tensor:
    return tf.random.stateless_uniform([count, NUM_PAIRED_DRAWS], seed=[1, 2])


def test_nothing_asked_for_is_nothing_done():
    images, masks = pairs()
    views, moved = augment_pair(images, masks, draws(), PairedAugmentation())
    np.testing.assert_array_equal(views, images)
    np.testing.assert_array_equal(moved, masks)


@pytest.mark.parametrize(
    "settings",
    [{"crop": 5}, {"flip": True}, {"quarter_turns": True}, {"crop": 7, "quarter_turns": True}],
)
def test_whole_pixels_stay_whole_and_together(settings):
    images, masks = pairs()
    views, moved = augment_pair(images, masks, draws(), PairedAugmentation(**settings))
    np.testing.assert_allclose(views[..., 0], 40.0 * tf.cast(moved, tf.float32), atol=1e-3)
    side = settings.get("crop", SIZE)
    assert moved.shape == (6, side, side)
    assert not np.array_equal(moved, masks[:, :side, :side])


def test_a_crop_is_a_piece_of_the_image_and_reaches_every_corner():
    images, masks = pairs(1)
    row = np.full((1, NUM_PAIRED_DRAWS), 0.5, np.float32)
    for left, top, corner in ((0.0, 0.0, (0, 0)), (0.999, 0.999, (SIZE - 5, SIZE - 5))):
        row[0, NUM_DRAWS : NUM_DRAWS + 2] = left, top
        _, moved = augment_pair(images, masks, row, PairedAugmentation(crop=5))
        y, x = corner
        np.testing.assert_array_equal(moved, masks[:, y : y + 5, x : x + 5])


def test_smooth_pairs_stay_together_under_everything():
    y, x = np.mgrid[:64, :64]
    masks = ((x - 30) ** 2 + (y - 34) ** 2 < 400).astype(np.uint8)[None].repeat(6, axis=0)
    settings = EVERYTHING.model_copy(update={"crop": 48, "elastic": 5.0})
    views, moved = augment_pair(255 * masks[..., None], masks, draws(), settings)
    # The two ways of sampling differ here and there on the border; a pixel's shift would cost 3 %.
    assert np.mean((views.numpy()[..., 0] > 127.5) != (moved.numpy() == 1)) < 0.005
    assert len(np.unique(moved.numpy().sum(axis=(1, 2)))) > 3, "every view is another"


def test_a_mask_holds_only_what_it_held():
    masks = np.where(np.random.default_rng(0).random((6, SIZE, SIZE)) < 0.5, 3, 255)
    masks = masks.astype(np.uint8)
    _, moved = augment_pair(masks[..., None], masks, draws(), EVERYTHING)
    assert moved.dtype == tf.uint8
    assert set(np.unique(moved)) == {3, 255}


def test_the_affine_map_is_the_one_of_classification():
    """Away from the border, where that one repeats the last pixel and this one mirrors."""
    y, x = np.mgrid[:64, :64]
    images = (127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7)).astype(np.uint8)[None, ..., None]
    settings = PairedAugmentation(rotation=25, zoom=0.1, shear=8, shift=0.05, flip=True)
    row = draws(1)
    views, _ = augment_pair(images, images[..., 0], row, settings)
    expected = augment(tf.cast(images, tf.float32), row[:, :NUM_DRAWS], settings)
    inner = np.s_[:, 24:40, 24:40]
    np.testing.assert_allclose(views[inner], expected[inner], atol=0.05)


def test_light_changes_the_image_alone():
    images, masks = pairs()
    settings = PairedAugmentation(contrast=0.5, brightness=0.2)
    views, moved = augment_pair(images, masks, draws(), settings)
    np.testing.assert_array_equal(moved, masks)
    assert np.abs(views - images).max() > 10
    assert 0 <= np.min(views) <= np.max(views) <= 255

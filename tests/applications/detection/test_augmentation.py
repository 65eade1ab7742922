"""Boxes stay around what they were around, whatever is done to their images."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.detection.augmentation import (
    NUM_BOX_DRAWS,
    BoxAugmentation,
    BoxedBatch,
    augment_boxed,
)
from dlapps.data.images.colour import ColourAugmentation

HEIGHT, WIDTH = 64, 96
BOXES = np.array([[10, 20, 34, 52], [50, 6, 90, 30]], np.float32)


def batch(count=16):
    """Black images with a bright object in each box, the first red, the second green."""
    images = np.zeros((count, HEIGHT, WIDTH, 3), np.float32)
    for channel, (left, top, right, bottom) in enumerate(BOXES.astype(int)):
        images[:, top:bottom, left:right, channel] = 255
    boxes = np.concatenate([BOXES, np.zeros((1, 4), np.float32)])
    labels = np.array([0, 1, -1], np.int32)
    return BoxedBatch(
        tf.constant(images),
        tf.constant(np.repeat(boxes[None], count, 0)),
        tf.constant(np.repeat(labels[None], count, 0)),
    )


def augmented(settings, seed=0, count=16):
    draws = np.random.default_rng(seed).random((count, NUM_BOX_DRAWS), np.float32)
    return augment_boxed(batch(count), tf.constant(draws), BoxAugmentation(**settings))


def overlap(one, other):
    left, top = np.maximum(one[:2], other[:2])
    right, bottom = np.minimum(one[2:], other[2:])
    common = max(right - left, 0) * max(bottom - top, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / (sum(areas) - common)


def seen_in(image, label):
    """The box around what is brighter than half in the channel of the class, and not grey."""
    others = np.delete(image, label, axis=-1).max(axis=-1)
    rows, columns = np.nonzero((image[..., label] > 127.5) & (others < 60))
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


MOSAIC = {"mosaic": 0.99, "flip": True, "least_seen": 0.0}
MOVES = [
    {"flip": True},
    {"vertical_flip": True},
    {"largest": 2.0},
    {"smallest": 0.5},
    {"stretch": 0.3},
    {"shift": 0.2},
    {"flip": True, "vertical_flip": True, "smallest": 0.6, "largest": 1.6, "stretch": 0.2},
]


@pytest.mark.parametrize("settings", MOVES, ids=str)
def test_boxes_move_with_the_pixels(settings):
    images, boxes, labels = (each.numpy() for each in augmented(settings))
    assert not np.allclose(images, batch().images.numpy())
    checked = 0
    for image, of_image, of_labels in zip(images, boxes, labels, strict=True):
        for box, label in zip(of_image, of_labels, strict=True):
            if label >= 0:
                assert overlap(box, seen_in(image, label)) > 0.9
                checked += 1
    assert checked > 16


def test_a_mosaic_keeps_the_boxes_of_all_its_parts():
    images, boxes, labels = (each.numpy() for each in augmented(MOSAIC))
    assert boxes.shape == (16, 12, 4)
    overlaps = []
    for image, of_image, of_labels in zip(images, boxes, labels, strict=True):
        for label in (0, 1):
            around = [box for box, its in zip(of_image, of_labels, strict=True) if its == label]
            inside = np.zeros(image.shape[:2], bool)
            for left, top, right, bottom in np.round(around).astype(int):
                inside[top:bottom, left:right] = True
            bright = (image[..., label] > 127.5) & (image.min(axis=-1) < 60)
            if bright.any():
                overlaps.append((bright & inside).sum() / (bright | inside).sum())
    assert np.mean(overlaps) > 0.95
    assert (labels >= 0).sum() > 32


def test_what_is_hardly_seen_any_more_counts_no_more():
    _, boxes, labels = (each.numpy() for each in augmented({"shift": 0.5, "least_seen": 0.9}))
    sides = boxes[..., 2:] - boxes[..., :2]
    whole = np.prod(BOXES[:, 2:] - BOXES[:, :2], axis=1)
    kept = labels >= 0
    assert 0 < kept.sum() < 32
    assert (np.prod(sides, axis=-1)[kept] >= 0.9 * whole[labels[kept]] - 1).all()
    assert (boxes[~kept] == 0).all()


def test_nothing_asked_for_changes_nothing():
    for before, after in zip(batch(), augmented({}), strict=True):
        np.testing.assert_array_equal(before, after)


def test_colours_change_without_the_boxes():
    settings = {"colour": ColourAugmentation(brightness=0.5)}
    images, boxes, _ = augmented(settings)
    assert not np.allclose(images, batch().images)
    np.testing.assert_array_equal(boxes, batch().boxes)


def test_views_follow_from_the_draws():
    settings = {"mosaic": 0.5, "largest": 2.0}
    for one, same in zip(augmented(settings, seed=1), augmented(settings, seed=1), strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.allclose(augmented(settings, seed=1).images, augmented(settings, seed=2).images)

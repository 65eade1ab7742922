"""Overlaps agree with areas counted by hand, and boxes apart are drawn together."""

import numpy as np
import tensorflow as tf

from dlapps.losses.box_overlap import generalized_overlap_loss, intersection_over_union

BOXES = np.array([[0, 0, 4, 4], [2, 2, 6, 6], [10, 0, 12, 4]], np.float32)


def test_overlaps_are_those_counted_by_hand():
    found = np.asarray(intersection_over_union(BOXES[None], BOXES[None]))[0]
    expected = [[1, 4 / 28, 0], [4 / 28, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_box_without_area_overlaps_with_nothing():
    nothing = np.zeros((1, 4), np.float32)
    np.testing.assert_array_equal(intersection_over_union(nothing, BOXES), np.zeros((1, 3)))


def test_the_loss_is_the_published_one():
    # Boxes of 16 and 8 within a hull of 48: no overlap, and half of the hull is covered.
    found = np.asarray(generalized_overlap_loss(BOXES[[0, 0, 0]], BOXES))
    hull = 36.0
    expected = [0.0, 1 - 4 / 28 + (hull - 28) / hull, 1 + (48 - 24) / 48]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_boxes_apart_are_drawn_together():
    box = tf.Variable(BOXES[:1])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(generalized_overlap_loss(box, BOXES[2:]))
    gradient = tape.gradient(loss, box).numpy()[0]
    assert gradient[2] < 0, "the loss falls as the right side moves towards the other box"

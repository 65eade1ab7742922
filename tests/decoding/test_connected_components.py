"""Boxes around parts of maps are SciPy's, found in one graph."""

import numpy as np
import tensorflow as tf
from scipy import ndimage

from dlapps.decoding.connected_components import NO_CLASS, boxes_of_parts, part_numbers

EIGHT = np.ones((3, 3))


def test_parts_are_those_of_scipy():
    random = np.random.default_rng(0)
    is_inside = random.random((40, 30, 3)) < np.array([0.35, 0.45, 0.6])
    numbers = tf.function(part_numbers)(tf.constant(is_inside)).numpy()
    for channel in range(3):
        parts, count = ndimage.label(is_inside[..., channel], EIGHT)
        pairs = {*zip(parts.ravel().tolist(), numbers[..., channel].ravel().tolist())}
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
        assert len(pairs) == count + 1
        assert (0, 0) in pairs


def test_a_part_may_wind_through_the_whole_map():
    snake = np.zeros((21, 20, 1), bool)
    snake[::2] = True
    snake[1::4, -1] = True
    snake[3::4, 0] = True
    assert len(np.unique(part_numbers(tf.constant(snake)))) == 2


def test_the_surest_boxes_come_first_and_only_of_classes_that_are_there():
    maps = np.zeros((2, 12, 16, 2), np.float32)
    maps[0, 2:5, 3:9, 0] = 0.8
    maps[0, 8:10, 10:12, 0] = 1.0
    maps[0, 0:4, 0:4, 1] = 1.0
    maps[1, 5, 5, 1] = 0.6
    probabilities = np.array([[0.9, 0.4], [0.2, 0.7]], np.float32)
    found = tf.function(boxes_of_parts)(maps, probabilities, 0.5, 0.5, 3)
    found = {name: each.numpy() for name, each in found.items()}
    np.testing.assert_array_equal(found["count"], [2, 1])
    np.testing.assert_array_equal(found["classes"], [[0, 0, NO_CLASS], [1, NO_CLASS, NO_CLASS]])
    np.testing.assert_array_equal(found["boxes"][0], [[10, 8, 12, 10], [3, 2, 9, 5], [0, 0, 0, 0]])
    np.testing.assert_array_equal(found["boxes"][1, 0], [5, 5, 6, 6])
    np.testing.assert_allclose(found["scores"], [[0.9, 0.72, 0], [0.42, 0, 0]], rtol=1e-6)


def test_no_more_boxes_than_are_asked_for():
    maps = np.zeros((1, 9, 9, 1), np.float32)
    maps[0, ::2, ::2] = 1
    found = boxes_of_parts(maps, np.ones((1, 1), np.float32), 0.5, 0.5, 4)
    assert found["count"].numpy() == [4]
    found = boxes_of_parts(maps[:, :1, :1], np.ones((1, 1), np.float32), 0.5, 0.5, 4)
    np.testing.assert_array_equal(found["classes"], [[0, -1, -1, -1]])

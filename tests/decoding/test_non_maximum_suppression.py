"""Suppression answers like a plain loop over boxes, many images as one, in any graph."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.decoding.non_maximum_suppression import non_maximum_suppression
from dlapps.metrics.detection import iou_matrix

SCORE, OVERLAP, MOST = 0.2, 0.5, 12


def crowded(seed, images=3, places=60, classes=2):
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 60, (images, places, 2))
    sides = random.uniform(10, 30, (images, places, 2))
    boxes = np.concatenate([corners, corners + sides], axis=-1).astype(np.float32)
    return boxes, random.random((images, places, classes), np.float32)


def one_by_one(boxes, probabilities):
    """(score, class, box) of one image, the surest first, by the definition."""
    kept = []
    for label in range(probabilities.shape[1]):
        own = []
        for place in np.argsort(-probabilities[:, label]):
            if probabilities[place, label] < SCORE:
                break
            if all(iou_matrix(boxes[place], boxes[other])[0, 0] <= OVERLAP for other in own):
                own.append(place)
        kept += [(probabilities[place, label], label, boxes[place]) for place in own]
    return sorted(kept, key=lambda each: -each[0])[:MOST]


def suppressed(boxes, probabilities):
    found = non_maximum_suppression(boxes, probabilities, SCORE, OVERLAP, MOST)
    return {name: each.numpy() for name, each in found.items()}


def test_it_is_the_loop_of_the_definition():
    boxes, probabilities = crowded(0)
    found = suppressed(boxes, probabilities)
    for image in range(len(boxes)):
        expected = one_by_one(boxes[image], probabilities[image])
        assert found["count"][image] == len(expected)
        for place, (score, label, box) in enumerate(expected):
            np.testing.assert_allclose(found["scores"][image, place], score)
            assert found["classes"][image, place] == label
            np.testing.assert_allclose(found["boxes"][image, place], box)


def test_many_images_are_answered_as_each_alone_also_in_a_graph():
    boxes, probabilities = crowded(1)
    together = suppressed(boxes, probabilities)
    graph = tf.function(
        lambda b, p: non_maximum_suppression(b, p, SCORE, OVERLAP, MOST),
        input_signature=[tf.TensorSpec([None, None, 4]), tf.TensorSpec([None, None, 2])],
    )
    for image in range(len(boxes)):
        alone = suppressed(boxes[image : image + 1], probabilities[image : image + 1])
        in_graph = graph(boxes[image : image + 1], probabilities[image : image + 1])
        for name, each in together.items():
            np.testing.assert_array_equal(alone[name][0], each[image])
            np.testing.assert_array_equal(in_graph[name][0], each[image])


def test_what_is_not_sure_enough_leaves_nothing():
    boxes, probabilities = crowded(2)
    found = suppressed(boxes, 0.1 * probabilities)
    assert (found["count"] == 0).all()
    assert (found["classes"] == -1).all()
    assert (found["boxes"] == 0).all()


@pytest.mark.parametrize("threshold", [0.05, 0.129, 0.2, 0.251, 0.502, 1.0])
def test_a_score_at_the_threshold_is_enough(threshold):
    boxes = np.array([[[0, 0, 10, 10]]], np.float32)
    at = np.full((1, 1, 1), threshold, np.float32)
    below = np.nextafter(at, np.float32(0))
    counts = [
        int(non_maximum_suppression(boxes, each, threshold, OVERLAP, MOST)["count"][0])
        for each in (at, below)
    ]
    assert counts == [1, 0]


def test_of_very_many_places_the_surest_are_looked_at():
    boxes, probabilities = crowded(3, images=1, places=3000)
    found = suppressed(boxes, probabilities)
    best = probabilities[0].max()
    np.testing.assert_allclose(found["scores"][0, 0], best)
    assert found["count"][0] == MOST

"""The examples that excite a unit most are those that a look at all of them finds."""

import numpy as np
import tensorflow as tf

from dlapps.explain.architecture.receptive_field import window
from dlapps.explain.architecture.table import sights
from dlapps.explain.methods.activations import activations
from dlapps.explain.methods.exciting_examples import exciting_examples


def test_they_are_the_best_of_all_with_the_place_of_the_maximum(network):
    images = np.random.default_rng(0).random((37, 16, 12, 3), np.float32)
    batches = [tf.constant(images[first : first + 10]) for first in range(0, 37, 10)]
    found = exciting_examples(lambda x: activations(network, [x], "conv2"), batches, 4, 5)
    maps = activations(network, [tf.constant(images)], "conv2").numpy()
    for unit in range(5):
        peaks = maps[..., unit].max(axis=(1, 2))
        best = sorted(range(37), key=lambda row: -peaks[row])[:4]
        np.testing.assert_array_equal(found.rows[unit], best)
        np.testing.assert_allclose(found.values[unit], peaks[best], rtol=1e-5)
        for row, place in zip(best, found.places[unit], strict=True):
            assert maps[row, *place, unit] == peaks[row]
    assert found.sizes == maps.shape[1:3]


def test_units_without_places_have_none():
    found = exciting_examples(tf.identity, [tf.constant([[1.0, 9], [3, 2]])], 1, 2)
    assert found.rows.tolist() == [[1], [0]]
    assert found.places.shape == (2, 1, 0)


def test_a_place_sees_all_that_changes_it_and_no_more(network):
    sight, random = sights(network)["conv2"], np.random.default_rng(0)
    image = random.random((16, 12, 3), np.float32)
    maps = activations(network, [tf.constant(image[None])], "conv2").numpy()[0]
    seen = window(sight, image.shape[:2], maps.shape[:2])
    numbered = np.arange(16.0 * 12).reshape(16, 12, 1)
    inside = np.isin(numbered, seen.seen(numbered, (1, 2)))
    changed = np.where(inside, image, random.random(image.shape, np.float32))
    again = activations(network, [tf.constant(changed[None])], "conv2").numpy()[0]
    np.testing.assert_allclose(again[1, 2], maps[1, 2], rtol=1e-5)
    assert inside.sum() == 8 * 8

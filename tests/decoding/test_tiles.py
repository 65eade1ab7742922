"""A whole made of tiles has every pixel once, from a tile in which it is far from the border."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.decoding.tiles import by_tiles

SIZES = [(1, 1), (5, 40), (12, 12), (13, 12), (17, 31), (64, 23)]


def numbered(height, width, count=2):
    """Images [N, H, W, 1] whose pixels have a number each."""
    return tf.reshape(tf.range(count * height * width), [count, height, width, 1])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("overlap", [0, 1, 5])
def test_every_pixel_is_answered_at_its_place(size, overlap):
    images = numbered(*size)
    whole = by_tiles(lambda tile: tile, images, 12, overlap, tf.TensorSpec([None] * 4, tf.int32))
    np.testing.assert_array_equal(whole, images)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_near_a_border_is_its_neighbours(size):
    """Each tile says how far its pixels are from its own border, and where it lies."""
    height, width = size
    tiles = []

    def answer(tile):
        (top, left), (h, w) = divmod(tile.numpy()[0, 0, 0, 0], width), tile.shape[1:3]
        tiles.append((top, left, h, w))
        y, x = np.mgrid[:h, :w]
        # Where the border is the image's own, nothing is missing beyond it.
        above, before = (y if top else y + 99), (x if left else x + 99)
        below = h - 1 - y if top + h < height else 99
        after = w - 1 - x if left + w < width else 99
        return tf.constant(np.min(np.broadcast_arrays(above, before, below, after), axis=0)[None])

    whole = by_tiles(answer, numbered(*size, count=1), 12, 4, tf.TensorSpec([None] * 3, tf.int64))
    assert whole.shape == (1, *size)
    assert np.min(whole) >= 4
    assert all((h, w) == (min(12, height), min(12, width)) for _, _, h, w in tiles)


def test_one_graph_takes_images_of_any_size_and_answers_of_any_shape():
    spec = tf.TensorSpec([None, None, None, 2, 3], tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.int32)])
    def graph(images):
        return by_tiles(
            lambda tile: tf.cast(tile, tf.float32)[..., None] * tf.ones((2, 3)), images, 8, 2, spec
        )

    for size in SIZES:
        images = numbered(*size)
        whole = graph(images)
        assert whole.shape == (*images.shape[:3], 2, 3)
        np.testing.assert_array_equal(whole[..., 1, 2], images[..., 0])

"""Switches are where max pooling found its maxima, so that unpooling puts them back there."""

import keras
import numpy as np
import tensorflow as tf

from dlapps.layers.pooling_switches import PoolingSwitches


def test_each_window_has_one_switch_at_its_first_maximum():
    window = np.array([[1, 5, 0, 0], [3, 5, 0, 0], [2, 0, 7, 8], [0, 3, 9, 1]], np.float32)
    expected = [[0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]]
    switches = PoolingSwitches()(window[None, :, :, None])
    np.testing.assert_array_equal(switches[0, :, :, 0], expected)


def test_unpooling_what_was_pooled_is_what_tensorflow_says_of_the_maxima():
    maps = np.random.default_rng(0).random((2, 6, 8, 5), dtype=np.float32)
    pooled, places = tf.nn.max_pool_with_argmax(maps, 2, 2, "VALID", include_batch_in_index=True)
    expected = np.zeros(maps.size, np.float32)
    expected[places.numpy().ravel()] = pooled.numpy().ravel()
    enlarged = keras.layers.UpSampling2D(2)(pooled)
    unpooled = enlarged * PoolingSwitches()(maps)
    np.testing.assert_array_equal(unpooled, expected.reshape(maps.shape))

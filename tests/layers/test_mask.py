"""A mask is multiplied with every example alike."""

import keras
import numpy as np
import tensorflow as tf

from dlapps.layers.mask import Mask

IMAGES = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)


def test_it_changes_nothing_until_it_is_set():
    layer = Mask((1, 1, 1, 2))
    np.testing.assert_array_equal(layer(IMAGES), IMAGES)
    layer.mask.assign(np.reshape([0, 2], (1, 1, 1, 2)))
    np.testing.assert_array_equal(layer(IMAGES), IMAGES * [0, 2])
    assert layer.trainable_weights == []


def test_it_follows_the_precision_and_is_saved(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Mask((1, 4), dtype="mixed_bfloat16")(inputs))
    assert model(np.ones((2, 4), np.float32)).dtype == tf.bfloat16
    model.layers[-1].mask.assign([[0, 1, 0, 1]])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(np.ones((1, 4), np.float32)), [[0, 1, 0, 1]])

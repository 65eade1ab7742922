"""Enlarged maps lie on straight lines between those that were given."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.layers.bilinear import Bilinear, BilinearUpSampling2D

MAPS = np.random.default_rng(0).random((2, 5, 6, 3), dtype=np.float32)


def test_maps_are_enlarged_in_a_graph_that_knows_no_sizes():
    layer = BilinearUpSampling2D(4)
    enlarged = tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, 3])])
    expected = keras.layers.UpSampling2D(4, interpolation="bilinear")(MAPS)
    np.testing.assert_allclose(enlarged(MAPS), expected, rtol=1e-6)
    assert layer.compute_output_shape((None, None, 6, 3)) == (None, None, 24, 3)
    assert BilinearUpSampling2D.from_config(layer.get_config()).size == 4


@pytest.mark.parametrize("times", [2, 8])
def test_a_transposed_convolution_begins_as_interpolation_away_from_the_border(times):
    convolution = keras.layers.Conv2DTranspose(
        3, 2 * times, times, padding="same", kernel_initializer=Bilinear()
    )
    expected = BilinearUpSampling2D(times)(MAPS)
    half = times // 2
    inside = (slice(None), slice(half, -half), slice(half, -half))
    np.testing.assert_allclose(convolution(MAPS)[inside], expected[inside], rtol=1e-5)

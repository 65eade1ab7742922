"""A classifier that tests of its attackers share."""

import keras
import numpy as np
import pytest
from keras import layers


@pytest.fixture(scope="module")
def brightness() -> keras.Model:
    """An image is bright where the mean of its pixels is above a half."""
    image = keras.Input((4, 4, 1))
    mean = layers.Flatten()(layers.GlobalAveragePooling2D()(image))
    network = keras.Model(image, layers.Dense(2)(mean))
    network.layers[-1].set_weights([np.array([[-40.0, 40.0]]), np.array([20.0, -20.0])])
    return network

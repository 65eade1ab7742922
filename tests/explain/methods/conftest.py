"""A plain network on images, and images for it."""

import keras
import numpy as np
import pytest
from keras import layers


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 12, 3), name="image")
    x = layers.Conv2D(8, 3, activation="relu", name="conv1")(image)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(6, 3, activation="relu", name="conv2")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(image, layers.Dense(4, name="logits")(x))


@pytest.fixture(scope="module")
def branched() -> keras.Model:
    """A network of what real ones are made of, with biases, statistics and a model inside."""
    keras.utils.set_random_seed(1)
    random = {"bias_initializer": keras.initializers.RandomNormal(stddev=0.1)}
    image = keras.Input((16, 12, 3), name="image")
    x = layers.Rescaling(2.0, offset=-1.0)(image)
    x = layers.Conv2D(8, 3, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = short = layers.Activation("relu")(x)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", **random)(x)
    x = layers.Add()([x, short])
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.DepthwiseConv2D(3, padding="same", **random)(x)
    x = layers.ReLU(6.0)(x)
    x = layers.Concatenate()([x, x])
    x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))
    features = keras.Input((16,))
    head = keras.Model(features, layers.Dense(4, **random)(features), name="head")
    model = keras.Model(image, head(x))
    normalization = model.layers[3]
    normalization.moving_mean.assign(0.1 * np.arange(8))
    normalization.moving_variance.assign(0.5 + 0.1 * np.arange(8))
    return model


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((3, 16, 12, 3), dtype=np.float32)

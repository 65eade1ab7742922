"""Each method answers many inputs at once as it does one by one."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.explain.explainable import Explainable, explainer, score_of_output
from dlapps.explain.methods.catalogue import METHODS


@pytest.fixture(scope="module")
def explainable() -> Explainable:
    keras.utils.set_random_seed(0)
    image = keras.Input((12, 10, 3))
    x = layers.Conv2D(4, 3, use_bias=False, name="conv1")(image)
    x = layers.BatchNormalization(name="normalization")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.Conv2D(6, 3, activation="relu", name="conv2")(x)
    x = layers.Dense(3)(layers.GlobalAveragePooling2D()(x))
    return Explainable(
        keras.Model(image, x),
        prepare=lambda text: [],
        score=score_of_output,
        show=lambda *_: None,
        axes=2,
        targets=("a", "b", "c"),
        layers=("conv1", "relu", "conv2"),
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", [None, 2])
def test_of_many_each_is_explained_as_if_it_were_alone(explainable, method, target):
    images = np.random.default_rng(0).random((3, 12, 10, 3), np.float32)
    explain = explainer(explainable, method, target)
    together = explain([tf.constant(images)])
    assert together.method is METHODS[method]
    maps = (8, 6) if together.method.weighs_maps else (12, 10)
    assert together.values.shape == (3, *maps)
    assert np.ptp(together.values) > 0
    assert together.method.signed or together.values.min() >= 0
    if method == "smooth_grad":
        return  # Its noise is that of the place in the batch, too.
    alone = np.concatenate([explain([tf.constant(image[None])]).values for image in images])
    np.testing.assert_allclose(together.values, alone, atol=1e-5)


def test_another_layer_has_maps_of_another_size(explainable):
    images = [tf.random.stateless_uniform((1, 12, 10, 3), [0, 0])]
    assert explainer(explainable, "grad_cam", layer="conv1")(images).values.shape == (1, 10, 8)


def test_only_what_suits_is_offered(explainable):
    assert explainable.methods()[0] == "grad_cam"
    assert {*explainable.methods()} == {*METHODS}
    without_maps = explainable._replace(layers=())
    assert without_maps.methods()[0] == "gradient_times_input"
    assert not any(METHODS[name].weighs_maps for name in without_maps.methods())
    recurrent = explainable._replace(layerwise=False)
    assert not {"lrp_epsilon", "guided_backpropagation"} & {*recurrent.methods()}

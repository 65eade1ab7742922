"""The exported `explain` signature: maps of the image's size by the methods that suit a network."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.classification.explanation import explain_answer
from dlapps.data.images.labelled import LabelledSpec
from dlapps.explain.explainable import Explainable, score_of_output
from dlapps.export.answer import Answer
from dlapps.export.errors import ExportError
from dlapps.export.saved_model import write_saved_model
from dlapps.models.classifier import layers_with_maps
from dlapps.models.mlp import mlp

SPEC = LabelledSpec(input_shape=(8, 8, 1), class_names=("left", "right"))


def answer_of(network: keras.Model) -> Answer:
    layers = layers_with_maps(network)
    explainable = Explainable(network, None, score_of_output, None, axes=2, layers=layers)
    return explain_answer(explainable, SPEC)


@pytest.fixture(scope="module")
def sides() -> keras.Model:
    """An image is `left` as it is bright there, or else `right`."""
    image = keras.Input((8, 8, 1))
    convolved = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")(image)
    halved = keras.layers.AveragePooling2D(2)(convolved)
    network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(halved)))
    kernel = np.zeros((4, 4, 2))
    kernel[:, :2, 0] = kernel[:, 2:, 1] = 1.0
    network.layers[-1].set_weights([kernel.reshape(16, 2), np.zeros(2)])
    return network


@pytest.fixture(scope="module")
def files() -> tf.Tensor:
    """The same bright row of pixels twice, brighter at its right."""
    pixels = np.zeros((8, 8, 1), np.uint8)
    pixels[3, :4], pixels[3, 4:] = 100, 200
    return tf.constant([tf.io.encode_png(pixels).numpy()] * 2)


def test_a_map_shows_where_the_class_that_was_asked_for_has_its_support(sides, files, tmp_path):
    path = write_saved_model(tmp_path / "sides", {"explain": answer_of(sides)})
    explain = tf.saved_model.load(str(path)).signatures["explain"]
    maps = explain(image_bytes=files, class_index=tf.constant([-1, 0], tf.int64))
    assert maps.keys() == {"grad_cam", "saliency"}
    answered, left = maps["saliency"].numpy()
    np.testing.assert_allclose(answered, np.repeat([[0.0, 0.25]], 4, axis=1).repeat(8, axis=0))
    np.testing.assert_allclose(left, answered[:, ::-1])
    answered, left = maps["grad_cam"].numpy()
    assert answered.shape == (8, 8)
    assert 0.7 < answered.max() <= 1.0
    assert np.unravel_index(answered.argmax(), (8, 8))[0] in (2, 3)


def test_a_network_without_maps_is_explained_by_its_gradient_alone(files):
    image = keras.Input((8, 8, 1))
    network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    maps = answer_of(network).function(files, tf.constant([1, 0], tf.int64))
    assert maps.keys() == {"saliency"}
    wanted = np.abs(network.layers[-1].kernel.numpy().reshape(8, 8, 2))
    np.testing.assert_allclose(maps["saliency"], [wanted[..., 1], wanted[..., 0]], rtol=1e-6)


def test_behind_a_step_nothing_moves_the_score(files):
    network = mlp((8, 8, 1), 2, widths=[4], activation="step")
    maps = answer_of(network).function(files, tf.constant([-1, 0], tf.int64))
    np.testing.assert_array_equal(maps["saliency"], np.zeros((2, 8, 8)))


def test_a_class_that_is_not_there_is_refused(sides, files):
    with pytest.raises(tf.errors.InvalidArgumentError, match="2 is not in"):
        answer_of(sides).traced()(image_bytes=files, class_index=tf.constant([0, 2], tf.int64))


def test_a_signature_that_explains_another_class_is_not_exported(sides, tmp_path):
    answer = answer_of(sides)
    wrong = answer._replace(
        function=lambda image_bytes, class_index: answer.function(image_bytes, 0 * class_index + 1)
    )
    with pytest.raises(ExportError, match="'explain' differs"):
        write_saved_model(tmp_path / "sides", {"explain": wrong})

"""The smallest change that makes a classifier answer otherwise, found and drawn."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.applications.classification.smallest_change import (
    POINT_EPSILONS,
    smallest_change,
    smallest_change_picture,
)
from dlapps.errors import UsageError
from dlapps.explain.methods.adversarial_examples import UNBOUNDED

NAMES = ("dark", "bright")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """An image is bright where the mean of its pixels is above a half."""
    image = keras.Input((4, 4, 1))
    mean = layers.Flatten()(layers.GlobalAveragePooling2D()(image))
    network = keras.Model(image, layers.Dense(2)(mean))
    network.layers[-1].set_weights([np.array([[-40.0, 40.0]]), np.array([20.0, -20.0])])
    return network


@pytest.mark.parametrize("target", [None, 0])
def test_of_growing_epsilons_the_first_that_suffices_is_found(model, target):
    image = tf.fill((1, 4, 4, 1), 0.6)
    moved, epsilon = smallest_change(model, image, 1, target, POINT_EPSILONS, UNBOUNDED)
    assert epsilon == pytest.approx(POINT_EPSILONS[POINT_EPSILONS > 0.1].min())
    assert np.argmax(model(moved)) == 0
    assert smallest_change(model, image, 1, target, POINT_EPSILONS[:3], UNBOUNDED) is None


def test_a_target_that_is_the_answer_is_refused(model):
    with pytest.raises(UsageError, match="is answered bright as it is"):
        smallest_change_picture(model, "x.png", tf.ones((1, 4, 4, 1)), 1, NAMES)


def test_a_change_is_drawn_for_images_and_points(dlapps, xor_run, model):
    figure = smallest_change_picture(model, "x.png", tf.fill((1, 4, 4, 1), 0.6), None, NAMES)
    assert figure.get_suptitle().startswith("x.png: bright (1.00) becomes dark (")
    ask = ("classification", "explain", xor_run, "1,2", "--method", "adversarial")
    answer = dlapps(*ask, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["files"][0].endswith("/1,2_adversarial.png")
    dlapps(*ask, "--layer", "dense1").assert_refused("adversarial looks at the input")

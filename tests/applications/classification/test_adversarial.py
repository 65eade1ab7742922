"""How robust a classifier is, over a split and for one input, and what of it is drawn."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.applications.classification.adversarial import (
    EPSILONS,
    POINT_EPSILONS,
    adversarial_picture,
    smallest_change,
    smallest_change_picture,
)
from dlapps.data.splits import Examples
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


def examples(shades: np.ndarray) -> Examples:
    images = np.tile(shades[:, None, None, None], (1, 4, 4, 1)).astype(np.float32)
    return Examples({"image": images, "label": (shades > 0.5).astype(np.int64)})


def prepare(columns):
    return columns["image"], columns["label"]


def test_curves_are_those_that_the_margins_give(model):
    shades = np.random.default_rng(0).uniform(size=200)
    split = examples(shades)
    split.columns["label"][:20] ^= 1
    figure = adversarial_picture(model, split, prepare, NAMES)
    upper, lower = figure.axes
    curves = {line.get_label(): line.get_ydata() for line in upper.get_lines()}
    is_right = np.arange(200) >= 20
    stands = [np.mean(is_right & (np.abs(shades - 0.5) > epsilon)) for epsilon in EPSILONS]
    assert stands[0] == 0.9
    for name in ("FGSM, one step", "PGD, 10 steps"):
        np.testing.assert_allclose(curves[name], stands, atol=1e-6)
    assert figure.get_suptitle() == "Accuracy under attack, on 200 of 200 test examples"
    captions = {tick.get_text() for tick in lower.get_xticklabels()}
    assert captions <= {"dark → bright", "bright → dark", "dark →\nbright", "bright →\ndark"}


def test_without_a_change_that_matters_only_curves_are_drawn(model):
    figure = adversarial_picture(model, examples(np.array([0.0, 1.0] * 20)), prepare, NAMES)
    assert len(figure.axes) == 1


def test_a_large_network_is_left_out():
    image = keras.Input((64, 64, 3))
    x = layers.Conv2D(128, 7, padding="same")(image)
    large = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert adversarial_picture(large, examples(np.zeros(50)), prepare, NAMES) is None


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

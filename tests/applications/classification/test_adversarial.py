"""How robust a classifier of images is, and what of it is drawn."""

import keras
import numpy as np
from keras import layers

from dlapps.applications.classification.adversarial import EPSILONS, adversarial_picture
from dlapps.data.splits import Examples

NAMES = ("dark", "bright")


def examples(shades: np.ndarray) -> Examples:
    images = np.tile(shades[:, None, None, None], (1, 4, 4, 1)).astype(np.float32)
    return Examples({"image": images, "label": (shades > 0.5).astype(np.int64)})


def prepare(columns):
    return columns["image"], columns["label"]


def test_curves_are_those_that_the_margins_give(brightness):
    shades = np.random.default_rng(0).uniform(size=200)
    split = examples(shades)
    split.columns["label"][:20] ^= 1
    figure = adversarial_picture(brightness, split, prepare, NAMES)
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


def test_without_a_change_that_matters_only_curves_are_drawn(brightness):
    figure = adversarial_picture(brightness, examples(np.array([0.0, 1.0] * 20)), prepare, NAMES)
    assert len(figure.axes) == 1


def test_a_large_network_is_left_out():
    image = keras.Input((64, 64, 3))
    x = layers.Conv2D(128, 7, padding="same")(image)
    large = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert adversarial_picture(large, examples(np.zeros(50)), prepare, NAMES) is None

"""A classifier that can draw is drawn, whatever it is called; any other is not."""

import keras
import numpy as np
import pytest

from dlapps.applications.classification.redrawn import MOST_SHOWN, redrawn_pictures
from dlapps.models.vision.capsule_network import capsule_network
from dlapps.models.vision.lenet5 import lenet5
from dlapps.models.vision.redrawing import Redrawing, redrawing_of

SMALL = {"filters": 4, "kernel_size": 3, "primary_channels": 2, "capsule_size": 4}


@pytest.mark.parametrize(("weight", "draws"), [(0.0005, True), (0.0, False)])
def test_a_capsule_network_draws_where_it_has_a_decoder(weight, draws, tmp_path):
    model = capsule_network((8, 8, 1), 3, **SMALL, decoder_sizes=[4], reconstruction_weight=weight)
    model.save(tmp_path / "model.keras")
    redrawing = redrawing_of(keras.saving.load_model(tmp_path / "model.keras"))
    assert (redrawing is not None) is draws
    if redrawing:
        images, labels = np.ones((2, 8, 8, 1), np.float32), np.array([0, 2])
        assert redrawing.reconstruct(images, labels).shape == (2, 8, 8, 1)
        assert redrawing.perturb(images, labels).shape == (2, 4, len(redrawing.shifts), 8, 8, 1)


def test_a_network_that_only_answers_is_not_drawn():
    assert redrawing_of(lenet5((28, 28, 1), 10)) is None


def test_each_image_is_drawn_as_its_answer_and_as_its_label():
    asked = []

    def reconstruct(images, labels):
        asked.append(labels.tolist())
        return images

    def perturb(images, labels):
        asked.append(labels.tolist())
        return np.tile(images[:, None, None], (1, 4, 3, 1, 1, 1))

    random = np.random.default_rng(0)
    labels = np.array([0] * 15 + [1, 1])
    probabilities = np.eye(2)[[1] + [0] * 14 + [1, 0]] * np.linspace(0.6, 0.9, 17)[:, None]
    images = random.integers(0, 256, (17, 8, 8, 1), dtype=np.uint8)
    shifts = np.array([-1.0, 0.0, 1.0])
    pictures = redrawn_pictures(
        Redrawing(reconstruct, perturb, shifts), images, labels, probabilities, ["cat", "dog"]
    )
    assert list(pictures) == ["redrawn", "numbers_moved"]
    right, surest, other = [0] * MOST_SHOWN, 16, 0
    as_answered, as_labelled, *of_the_first = asked
    assert as_answered == [*right, 0, 1]
    assert as_labelled == [*right, labels[surest], labels[other]]
    assert of_the_first == [[0], [0]]

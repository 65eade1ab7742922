"""What a perceptual loss is of: where things are, and what texture there is."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.losses.gram_matrix import gram_matrix
from dlapps.losses.perceptual import PerceptualLoss

PIXELS = {"content_weight": 2.0, "style_weight": 3.0, "total_variation_weight": 5.0}


def features(images):
    """The image itself, and its squares, in place of a network's maps."""
    return {"shallow": images, "deep": tf.square(images)}


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(size=(2, 6, 6, 3)).astype(np.float32)


def loss_to(style: np.ndarray) -> PerceptualLoss:
    grams = {name: gram_matrix(maps) for name, maps in features(style).items()}
    return PerceptualLoss(features, ["deep"], grams, **PIXELS)


def relative(wanted: np.ndarray, found: np.ndarray) -> float:
    """The squared distance as a share of the mean of both squares."""
    return np.sum((found - wanted) ** 2) / np.mean([np.sum(wanted**2), np.sum(found**2)])


def test_a_content_in_its_own_style_is_as_far_as_it_varies(images):
    parts = loss_to(images[:1]).parts(images[:1], images[:1])
    assert float(parts["content_loss"][0]) == 0
    assert float(parts["style_loss"][0]) == pytest.approx(0, abs=1e-9)
    assert float(parts["total_variation"][0]) > 0


def test_parts_are_relative_squared_distances_by_their_weights(images):
    content, picture = images
    parts = loss_to(content[None]).parts(content[None], picture[None])
    wanted, found = content**2, picture**2
    expected = 2.0 * relative(wanted, found)
    np.testing.assert_allclose(parts["content_loss"], [expected], rtol=1e-5)
    distances = []
    for power in (1, 2):
        grams = [np.einsum("hwi,hwj->ij", x**power, x**power) / 36 for x in (content, picture)]
        distances.append(relative(*grams))
    np.testing.assert_allclose(parts["style_loss"], [3.0 * np.mean(distances)], rtol=1e-4)
    whole = loss_to(content[None]).call(content[None], picture[None])
    np.testing.assert_allclose(whole, sum(parts.values()))


def test_a_picture_is_judged_alone_whatever_is_beside_it(images):
    loss = loss_to(images[:1])
    together = loss.call(images, images[::-1])
    alone = [loss.call(images[i : i + 1], images[1 - i : 2 - i])[0] for i in range(2)]
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_the_content_draws_no_gradient(images):
    content, picture = tf.constant(images[:1]), tf.constant(images[1:])
    with tf.GradientTape() as tape:
        tape.watch([content, picture])
        loss = loss_to(images[:1]).call(content, picture)
    to_content, to_picture = tape.gradient(loss, [content, picture])
    assert to_content is None
    assert np.abs(to_picture).max() > 0

"""The filters and the latents of a generative model are laid out as drawings say."""

from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from dlapps.applications.generation.pictures import (
    filters_figure,
    generated_over_time,
    generative_pictures,
    path_between,
)
from dlapps.explain.figures.image_grid import GAP


def test_a_path_begins_and_ends_at_its_latents():
    start, end = np.array([0.0, 1.0]), np.array([1.0, 3.0])
    path = path_between(lambda latents: latents.reshape(-1, 2, 1, 1), start, end, steps=3)
    np.testing.assert_allclose(path[:, :, 0, 0], [[0, 1], [0.5, 2], [1, 3]])


def test_a_model_is_drawn_by_the_maps_it_has():
    random = np.random.default_rng(0)
    images, labels = random.random((30, 4, 4, 1)), random.integers(0, 2, 30)
    maps = {
        "generate": lambda seeds: random.random((len(seeds), 4, 4, 1)),
        "decode": lambda latents: np.tile(latents[:, :1, None, None], (1, 4, 4, 1)),
    }
    model = SimpleNamespace(latent_size=2, trainable_variables=[tf.Variable(tf.ones([16, 3]))])
    without = generative_pictures(model, maps, images, labels, ("a", "b"))
    assert without.keys() == {"samples", "interpolations"}
    maps["encode"] = lambda images: images.reshape(len(images), -1)[:, :2]
    complete = generative_pictures(model, maps, images, labels, ("a", "b"))
    plane = {"latent_plane", "latent_scatter", "filters"}
    assert complete.keys() == {"samples", "interpolations", "reconstructions"} | plane
    model.trainable_variables = [tf.Variable(tf.ones([3, 3, 1, 8]))]
    local = generative_pictures(model, maps, images, labels, ("a", "b"))
    assert local.keys() == complete.keys() - {"filters"}


def test_the_strongest_filters_come_first_and_zero_is_grey():
    kernel = np.zeros((4, 3), np.float32)
    kernel[0, 1], kernel[1, 2] = 5, -2
    shown = filters_figure(kernel, (2, 2, 1)).axes[0].images[0].get_array()
    assert shown[0, 0] == 255
    assert shown[1, 1] == 128
    assert shown[0, 2 + GAP + 1] == 0


def test_what_is_given_back_over_time_stands_below_and_beside_its_original():
    images = np.random.default_rng(0).random((36, 4, 4, 1)).astype("float32")
    maps = {
        "generate": lambda seeds: np.tile(seeds[:, None, None, None] / 36, (1, 4, 4, 1)),
        "encode": lambda images: images,
        "decode": lambda latents: 1 - latents,
    }
    views = generated_over_time(maps, images)
    assert views.keys() == {"samples_over_time", "reconstructions_over_time"}
    for view in views.values():
        figures = view.draw([0, 900], [view.look()] * 2), view.frame(900, view.look())
        assert all(len(figure.axes) == 1 for figure in figures)
    rows = views["reconstructions_over_time"].draw([0, 900], [1 - images] * 2).axes[0]
    assert [label.get_text() for label in rows.get_yticklabels()] == [
        "Original", "Step 0", "Step 900",
    ]  # fmt: skip
    grid = rows.images[0].get_array()
    side = 32 + GAP
    np.testing.assert_allclose(grid[:32, :32], 255 - grid[side : side + 32, :32], atol=1)
    del maps["encode"]
    assert generated_over_time(maps, images).keys() == {"samples_over_time"}

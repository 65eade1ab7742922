"""The kind of a layer decides how its weights are drawn."""

import keras
import numpy as np
import pytest
from keras import layers

from dlapps.explain.figures.embedding import embedding_figure
from dlapps.explain.figures.weights import weights_figure


def drawn(layer: keras.Layer, shape: tuple[int, ...], image: tuple[int, ...] | None = None):
    layer.build((None, *shape))
    return weights_figure("layer", layer, image, np.asarray)


@pytest.mark.parametrize(
    ("layer", "shape", "image", "title"),
    [
        (layers.Conv2D(30, 3), (9, 9, 3), (9, 9, 3), "the first 24 of 30 kernels, grey is 0"),
        (layers.Conv2D(5, 3), (9, 9, 1), (9, 9, 1), "5 kernels"),
        (layers.Conv2D(5, 3), (9, 9, 40), None, "5 kernels, a row each, by the first 24 of 40"),
        (layers.Conv2DTranspose(5, 3), (9, 9, 7), None, "5 kernels, a row each, by 7 channels"),
        (layers.DepthwiseConv2D(3), (9, 9, 6), None, "6 kernels"),
        (layers.Dense(4), (12,), (4, 3, 1), "4 kernels"),
    ],
)
def test_kernels_are_images(layer, shape, image, title):
    assert title in drawn(layer, shape, image).get_suptitle()


@pytest.mark.parametrize(
    ("layer", "shape", "panels"),
    [
        (layers.Dense(4), (12,), 1),
        (layers.Conv2D(4, 1), (9, 9, 8), 1),
        (layers.GRU(4), (5, 3), 2),
        (layers.Bidirectional(layers.LSTM(4)), (5, 3), 4),
    ],
)
def test_matrices_are_maps_of_colours(layer, shape, panels):
    axes = [each for each in drawn(layer, shape).axes if each.get_title()]
    assert len(axes) == panels


def test_gates_are_told_apart():
    (kernel, *_) = drawn(layers.LSTM(4), (5, 3)).axes
    assert [each.get_text() for each in kernel.get_xticklabels()] == [
        "input", "forget", "cell", "output",
    ]  # fmt: skip


def test_a_layer_without_weights_is_not_drawn():
    assert drawn(layers.ReLU(), (3,)) is None


def test_words_stand_where_pca_puts_their_rows():
    rows = np.zeros((6, 4), np.float32)
    rows[1:, 0] = [-2, -1, 0, 1, 2]
    rows[1:, 1] = [0.1, -0.1, 0, -0.1, 0.1]
    figure = embedding_figure("words", rows, ["", "a", "b", "c", "d", "e"])
    first, second = figure.axes
    assert {each.get_text() for each in first.texts} == {*"abcde"}
    assert abs(np.corrcoef([each.xy[0] for each in first.texts], range(5))[0, 1]) > 0.999
    assert second.get_title().startswith("t-SNE")

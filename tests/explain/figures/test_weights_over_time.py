"""A panel for each layer, in it a histogram for each step, wherever its weights are."""

import keras
import numpy as np
from keras import layers

from dlapps.explain.figures.png import png_bytes
from dlapps.explain.figures.weights_over_time import ridges_figure, weights_over_time


def middle_of(line) -> float:
    """Where the mass of a histogram lies; its axis points down."""
    x, y = line.get_data()
    heights = y.max() - y
    return float((x * heights).sum() / heights.sum())


def test_a_histogram_moves_as_the_weights_do():
    steps = [0, 50, 100]
    normal = np.random.default_rng(0).normal(size=5000)
    (axes,) = ridges_figure(steps, [[normal + step / 10] for step in steps], ["dense"]).axes
    found = [middle_of(line) for line in axes.lines if len(line.get_xdata()) > 2]
    np.testing.assert_allclose(found, [0, 5, 10], atol=0.3)
    bottom, top = axes.get_ylim()
    assert bottom > top, "time goes down the page"


def test_layers_of_models_inside_are_named_with_them_and_biases_are_left_out():
    inner = keras.Sequential([layers.Dense(4, name="d"), layers.BatchNormalization()], name="in")
    inputs = keras.Input((5, 3))
    x = layers.LSTM(2, name="r")(layers.Reshape((5, 4))(inner(inputs)))
    view = weights_over_time(keras.Model(inputs, layers.Dense(1, name="d")(x)))
    titles = [axes.get_title() for axes in view.draw([0, 1], [view.look()] * 2).axes]
    assert titles == ["in/d", "r/lstm_cell", "r/lstm_cell/recurrent_kernel", "d"]


def test_of_many_layers_twelve_are_drawn_and_of_many_steps_some():
    inputs = x = keras.Input((2,))
    for number in range(20):
        x = layers.Dense(2, name=f"d{number}")(x)
    view = weights_over_time(keras.Model(inputs, x))
    figure = view.draw([*range(100)], [view.look()] * 100)
    assert len(figure.axes) == 12
    assert (figure.axes[0].get_title(), figure.axes[-1].get_title()) == ("d0", "d19")
    assert "12 of 20 layers" in figure.get_suptitle()


def test_weights_that_are_equal_or_not_finite_can_be_drawn():
    seen = [[np.zeros(9)], [np.full(9, np.nan)], [np.full(9, 2.0)]]
    assert png_bytes(ridges_figure([0, 1, 2], seen, ["constant"]))


def test_a_network_without_matrices_says_so():
    inputs = keras.Input((2,))
    view = weights_over_time(keras.Model(inputs, layers.BatchNormalization()(inputs)))
    assert "no matrix" in view.draw([0], [view.look()]).texts[0].get_text()

"""The panels show what each hidden neuron really answers over the plane."""

import keras
import numpy as np
from keras import layers

from dlapps.applications.classification.pictures import MOST_NEURONS, hidden_outputs, neuron_regions

POINTS = np.array([[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]], np.float32)
LABELS = np.array([0, 1, 1])


def network() -> keras.Model:
    inputs = keras.Input((2,))
    hidden = layers.Dense(3, activation="tanh", name="first")(inputs)
    hidden = layers.Dense(20, name="second")(hidden)
    hidden = layers.BatchNormalization()(hidden)
    hidden = layers.Activation("relu", name="second_activation")(hidden)
    answer = layers.Dense(2, name="answer")(hidden)
    return keras.Model(inputs, layers.Softmax()(answer))


def test_hidden_layers_are_taken_after_their_activation_and_without_the_output():
    model = network()
    outputs = hidden_outputs(model)
    assert list(outputs) == ["first", "second"]
    assert outputs["first"] is model.get_layer("first").output
    assert outputs["second"] is model.get_layer("second_activation").output


def test_a_panel_a_neuron_and_at_most_sixteen_a_layer():
    figure = neuron_regions(network(), POINTS, LABELS)
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == len(figure.axes) == 3 + MOST_NEURONS
    assert [part.get_suptitle() for part in figure.subfigs] == [
        "first: 3 neurons",
        "second: 16 of 20 neurons",
    ]
    # As wide as a page shows without shrinking it.
    assert figure.get_figwidth() <= 8


def test_a_panel_shows_the_neurons_activation():
    inputs = keras.Input((2,))
    hidden = layers.Dense(2, activation="relu", use_bias=False, name="hidden")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.get_layer("hidden").set_weights([np.array([[2.0, 0.0], [0.0, 0.0]])])
    panels = neuron_regions(model, POINTS, LABELS).axes
    picture = np.asarray(panels[0].images[0].get_array())
    x = np.linspace(*panels[0].images[0].get_extent()[:2], picture.shape[1])
    np.testing.assert_allclose(picture, np.tile(np.maximum(2 * x, 0), (len(x), 1)), atol=1e-5)
    assert panels[1].get_title() == "2: always 0"


def test_without_hidden_layers_the_outputs_are_drawn():
    inputs = keras.Input((2,))
    figure = neuron_regions(keras.Model(inputs, layers.Dense(3)(inputs)), POINTS, LABELS)
    assert len(figure.axes) == 3
    assert figure.subfigs[0].get_suptitle() == "output: 3 neurons"

"""The surface over two weights is the loss there, and the optimizers walk on it."""

import keras
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from dlapps.config.training import TrainingSettings
from dlapps.errors import UsageError
from dlapps.losses.classification import ClassificationLoss
from dlapps.models.mlp import mlp
from dlapps.playground.surface import Surface, loss_of_two, surface_and_paths


@pytest.fixture(scope="module")
def neuron():
    """One neuron of two inputs with a penalty, and overlapping points for it."""
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 30).astype(np.int32)
    points = random.normal(labels[:, None] - 0.5, 1.0, (60, 2)).astype(np.float32)
    inputs = keras.Input((2,))
    outputs = keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.01))(inputs)
    model = keras.Model(inputs, outputs)
    model.set_weights([np.array([[3.0, 0.5], [-2.0, 0.0]]), np.zeros(2)])
    model.compile(loss=ClassificationLoss())
    return model, points, labels


def losses_by_hand(neuron, pairs):
    """The loss with the weights to class 0 at each of the pairs."""
    _, points, labels = neuron
    found = []
    for pair in pairs:
        kernel = np.array([[pair[0], 0.5], [pair[1], 0.0]])
        logits = points @ kernel
        logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        found.append(-logs[np.arange(len(labels)), labels].mean() + 0.01 * (kernel**2).sum())
    return np.array(found)


def test_paths_descend_on_the_surface_that_brute_force_finds(neuron):
    start, loss = loss_of_two(*neuron, Surface(first="1:1:1", second="1:2:1"))
    np.testing.assert_array_equal(start, [3.0, -2.0])
    rates = {"sgd": 0.5, "momentum": 0.1, "adam": 0.1}
    found = surface_and_paths(start, loss, TrainingSettings(steps=100), rates)
    grid = [(first, second) for second in found["second"] for first in found["first"]]
    by_hand = losses_by_hand(neuron, grid).reshape(found["losses"].shape)
    np.testing.assert_allclose(found["losses"], by_hand, rtol=1e-4)
    assert found["losses"].argmin() == by_hand.argmin()
    on_surface = RegularGridInterpolator((found["second"], found["first"]), found["losses"])
    for path in found["paths"].values():
        np.testing.assert_array_equal(path["points"][0], start)
        np.testing.assert_allclose(path["losses"], on_surface(path["points"][:, ::-1]), atol=0.02)
    sgd = found["paths"]["sgd"]
    assert (np.diff(sgd["losses"]) <= 1e-6).all()
    assert sgd["losses"][-1] < found["losses"].min() + 0.05
    # Nothing but the surface was drawn: the network is as it was.
    np.testing.assert_array_equal(neuron[0].get_weights()[0][:, 0], start)


@pytest.mark.parametrize(("first", "second"), [("1:3:1", "1:1:1"), ("2:1:1", "1:1:1")])
def test_a_weight_that_is_not_there_is_refused(neuron, first, second):
    with pytest.raises(UsageError, match=f"no weight {first}"):
        loss_of_two(*neuron, Surface(first=first, second=second))


def test_a_weight_below_a_step_stays_where_it_is(neuron):
    model = mlp((2,), 2, widths=[1], activation="step")
    model.compile(loss=ClassificationLoss())
    start, loss = loss_of_two(model, *neuron[1:], Surface())
    found = surface_and_paths(start, loss, TrainingSettings(steps=100), {"sgd": 1.0})
    np.testing.assert_array_equal(found["paths"]["sgd"]["points"], np.tile(start, (101, 1)))
    assert np.isfinite(found["losses"]).all()

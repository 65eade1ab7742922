"""Diagnostics measure what they say, change no weight, and are whole after a resume."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import ShuffledBatches
from dlapps.data.splits import Examples
from dlapps.errors import UsageError
from dlapps.layers.activations import activated
from dlapps.training.diagnostics import Diagnostics, Measured, diagnostics_of
from dlapps.training.diagnostics_file import DIAGNOSTICS, DiagnosticsFile, read_diagnostics
from dlapps.training.history import EventFile
from dlapps.training.loop import Stopped, StopRequest, train
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage

SETTINGS = TrainingSettings(
    steps=13, learning_rate=0.05, log_every=5, checkpoint_every=100, optimizer={"name": "sgd"},
    restore_best_weights=False, diagnostics=True,
)  # fmt: skip


def build_model(settings: TrainingSettings = SETTINGS) -> keras.Model:
    """A network with every kind of state that a look at it could move."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    x = layers.BatchNormalization()(layers.Dense(8, name="first")(inputs))
    x = layers.Dropout(0.3)(layers.Activation("tanh")(x))
    outputs = layers.Dense(2, name="second")(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=build_optimizer(settings),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


def stage_of(model: keras.Model, settings: TrainingSettings = SETTINGS) -> Stage:
    x = np.random.RandomState(0).normal(size=(100, 4)).astype("float32")
    examples = Examples({"x": x, "y": (x.sum(axis=1) > 0).astype("int32")})
    batches = ShuffledBatches(examples, 16, 0, lambda columns, draws: (columns["x"], columns["y"]))
    return Stage("training", model, batches, settings)


def run(directory, settings: TrainingSettings = SETTINGS, stop_at: int = 0) -> keras.Model:
    model, stop = build_model(settings), StopRequest()

    def on_step(step: int, row) -> None:
        stop.number = 15 if step == stop_at else None

    train(stage_of(model, settings), directory, on_step=on_step, stop=stop)
    return model


def values_of(model: keras.Model) -> list[np.ndarray]:
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The directory and the model of a run that measured."""
    directory = tmp_path_factory.mktemp("unbroken")
    return directory, run(directory)


def test_a_run_ends_with_the_weights_of_one_without_diagnostics(unbroken, tmp_path):
    without = run(tmp_path, SETTINGS.model_copy(update={"diagnostics": False}))
    for a, b in zip(values_of(unbroken[1]), values_of(without), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not (tmp_path / DIAGNOSTICS).exists()


def test_a_row_for_each_quantity_of_each_layer_where_the_history_has_one(unbroken):
    rows = read_diagnostics(unbroken[0] / DIAGNOSTICS)
    assert list(dict.fromkeys(row.step for row in rows)) == [5, 10, 13]
    assert list(dict.fromkeys(row.layer for row in rows)) == ["first", "second"]
    of_second = {row.quantity for row in rows if row.layer == "second"}
    assert {row.quantity for row in rows} - of_second == {"saturated"}
    assert "dead" not in of_second, "logits may be zero"


@pytest.mark.parametrize("step", [4, 7])
def test_a_stopped_run_that_is_continued_measured_what_an_unbroken_one_did(
    unbroken, tmp_path, step
):
    settings = SETTINGS.model_copy(update={"steps_per_call": 1})
    with pytest.raises(Stopped):
        run(tmp_path, settings, stop_at=step)
    run(tmp_path, settings)
    assert (tmp_path / DIAGNOSTICS).read_text() == (unbroken[0] / DIAGNOSTICS).read_text()


def test_opening_at_a_step_forgets_the_rows_after_it(tmp_path):
    events = EventFile(tmp_path / "events")
    file = DiagnosticsFile(tmp_path, 0, events)
    for step in (5, 10):
        file.add(step, [Measured("a,b", "dead", step / 20)])
    DiagnosticsFile(tmp_path, 7, events).add(8, [Measured("a,b", "dead", math.inf)])
    assert read_diagnostics(tmp_path / DIAGNOSTICS) == [
        (5, "a,b", "dead", 0.25), (8, "a,b", "dead", math.inf),
    ]  # fmt: skip


def test_tensorboard_has_the_same_numbers(unbroken):
    (events,) = (unbroken[0] / "logs").iterdir()
    found = {
        (event.step, value.tag): value.simple_value
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    }
    for row in read_diagnostics(unbroken[0] / DIAGNOSTICS):
        assert found[row.step, f"{row.quantity}/{row.layer}"] == pytest.approx(row.value)


def test_gradients_and_updates_are_those_of_a_step():
    """Of plain descent, an update is the gradient times the learning rate."""
    model = build_model()
    batch = next(iter(stage_of(model).batches.from_step(0)))
    diagnostics = Diagnostics(model, batch)
    before = values_of(model)
    norms = {m.layer: m.value for m in diagnostics.measure() if m.quantity == "gradient_norm"}
    for a, b in zip(before, values_of(model), strict=True):
        np.testing.assert_array_equal(a, b)
    weights = {name: np.concatenate([w.numpy().ravel() for w in model.get_layer(name).weights])
               for name in norms}  # fmt: skip
    diagnostics.before_update()
    model.train_step(batch)
    ratios = {m.layer: m.value for m in diagnostics.measure() if m.quantity == "update_ratio"}
    for name, norm in norms.items():
        assert norm > 0
        expected = SETTINGS.learning_rate * norm / np.linalg.norm(weights[name])
        assert ratios[name] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("activation", "quantity", "bias", "expected"),
    [
        ("sigmoid", "saturated", [0.0, 2.5, 3.5, -3.5], 0.5),
        ("tanh", "saturated", [0.0, 1.0, 2.0, -2.0], 0.5),
        ("relu", "dead", [-9.0, 1.0, -9.0, -9.0], 0.75),
        ("leaky_relu", "dead", [-9.0, 1.0, -9.0, -9.0], 0.0),
        ("prelu", "dead", [-9.0, 1.0, -9.0, -9.0], 0.0),
    ],
)
def test_saturated_and_dead_units_are_counted(activation, quantity, bias, expected):
    inputs = keras.Input((3,))
    hidden = layers.Dense(4, kernel_initializer="zeros", name="hidden")
    model = keras.Model(inputs, layers.Dense(1)(activated(hidden(inputs), activation, "a")))
    hidden.bias.assign(bias)
    if activation == "prelu":
        model.get_layer("a").alpha.assign(np.full(4, 0.1))
    model.compile("sgd", "mean_squared_error")
    measured = Diagnostics(model, (np.zeros((6, 3), "float32"), np.zeros((6, 1)))).measure()
    found = {m.quantity: m.value for m in measured if m.layer == "hidden"}
    assert found[quantity] == pytest.approx(expected)


def test_what_learns_by_a_rule_of_its_own_is_not_measured_and_that_is_said(caplog):
    from dlapps.models.perceptron import perceptron

    model = perceptron((4,), 2)
    model.compile("sgd", "mean_squared_error")
    assert diagnostics_of(stage_of(model)) is None
    assert "a rule of its own, so nothing is measured" in caplog.text


@pytest.mark.parametrize(
    "text", ["step,layer\n", "step,layer,quantity,value\n5,a,b\n", "", "step,layer,quantity,value"]
)
def test_a_broken_file_is_named(tmp_path, text):
    (tmp_path / DIAGNOSTICS).write_text(text)
    with pytest.raises(UsageError, match=r"diagnostics\.csv is not what this program wrote"):
        read_diagnostics(tmp_path / DIAGNOSTICS)

"""Averages of weights: what they are made of, when they stand in for the weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import ShuffledBatches, in_order
from dlapps.data.splits import Examples
from dlapps.training.averages import averaged_weights, begin_averages, keep_averages
from dlapps.training.history import read_history
from dlapps.training.loop import train
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage
from dlapps.training.steps import MetricsOn, compile_training


def build_model(settings: TrainingSettings, widths: tuple[int, ...] = (8,)) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = x = keras.Input((4,))
    for width in widths:
        x = layers.BatchNormalization()(layers.Dense(width)(x))
        x = layers.ReLU()(x)
    model = keras.Model(inputs, layers.Dense(2)(x))
    model.compile(
        optimizer=build_optimizer(settings),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


def examples() -> Examples:
    x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
    return Examples({"x": x, "y": (x[:, 0] * x[:, 1] > 0).astype("int32")})


def averaged_variables(model: keras.Model) -> list[np.ndarray]:
    seeds = {id(v) for v in model.variables if "seed" in v.path}
    return [v.numpy() for v in model.variables if id(v) not in seeds]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop", "muon"])
@pytest.mark.parametrize("jit", [False, True])
def test_weights_and_batch_statistics_are_averaged_as_said(optimizer, jit):
    settings = TrainingSettings(steps=20, optimizer=optimizer, ema_momentum=0.4)
    model = build_model(settings)
    expected = averaged_variables(model)
    begin_averages(model, settings)
    take_steps = compile_training(model, tf.distribute.get_strategy(), jit)
    columns = examples().columns
    data = tf.data.Dataset.from_tensors((columns["x"], columns["y"])).repeat()
    iterator = iter(data)
    for step in range(12):
        take_steps(iterator, tf.constant(1, tf.int64))
        momentum = min(0.4, (1 + step) / (10 + step))
        expected = [
            momentum * average + (1 - momentum) * value
            for average, value in zip(expected, averaged_variables(model), strict=True)
        ]
    raw = averaged_variables(model)
    with averaged_weights(model):
        swapped = averaged_variables(model)
    for want, got in zip(expected, swapped, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)
    assert any(np.any(a != b) for a, b in zip(raw, swapped, strict=True))
    for before, after in zip(raw, averaged_variables(model), strict=True):
        np.testing.assert_array_equal(before, after)
    keep_averages(model)
    for kept, average in zip(averaged_variables(model), swapped, strict=True):
        np.testing.assert_array_equal(kept, average)


def test_a_long_average_is_worth_validating_from_the_first_steps_on(tmp_path):
    """With the first weights in it, it would be chance."""
    settings = TrainingSettings(
        steps=300, learning_rate=0.02, ema_momentum=0.9999, validate_every=150, log_every=150
    )
    model = build_model(settings, widths=(32, 32, 32))
    data = examples()
    batches = ShuffledBatches(data, 32, 0, lambda columns, draws: (columns["x"], columns["y"]))
    held_out = in_order(data, 64, lambda columns: (columns["x"], columns["y"]))
    train(Stage("training", model, batches, settings, MetricsOn(model, held_out)), tmp_path)
    rows = read_history(tmp_path / "history.csv")
    assert min(row["validation_accuracy"] for row in rows) > 0.9


def test_gathering_gradients_does_not_shorten_the_average():
    settings = TrainingSettings(steps=8, ema_momentum=0.9, accumulation_steps=4)
    model = build_model(settings)
    begin_averages(model, settings)
    assert model.averages.momentum**4 == pytest.approx(0.9)

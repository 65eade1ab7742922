"""The loop with learners that are no classifier: two optimizers, none, and a stream that answers
to the weights."""

import os
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import Batches
from dlapps.training.checkpoints import variables_by_owner
from dlapps.training.history import read_history
from dlapps.training.loop import Stopped, train
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage


def settings(**changes) -> TrainingSettings:
    values = {"steps": 12, "learning_rate": 0.01, "checkpoint_every": 4, "log_every": 2}
    return TrainingSettings(**values | changes)


def stop_at(step: int):
    """Asks the loop to stop at a step, as SIGTERM would."""

    def on_step(reached: int, row) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGTERM)

    return on_step


class Noise(Batches):
    """Batches that are a function of the step."""

    def from_step(self, step, **_):
        return tf.data.Dataset.range(step, tf.int64.max).map(
            lambda at: tf.random.stateless_normal([8, 3], seed=tf.stack([0, at]))
        )


class Walk(Batches):
    """A stream whose every batch begins where the weights and the batch before it led."""

    def __init__(self, model: keras.Model):
        self.model = model
        self.place = tf.Variable(tf.zeros(3))

    def from_step(self, step, **_):
        while True:
            mean = tf.reduce_mean(self.model.trainable_variables[0])
            self.place.assign(0.5 * self.place + mean)
            yield tf.tile(self.place[None], [8, 1])

    def save(self, directory: Path) -> None:
        np.save(directory / "place.npy", self.place.numpy())

    def restore(self, directory: Path) -> None:
        self.place.assign(np.load(directory / "place.npy"))


class Adversaries(keras.Model):
    """Two networks that move one number apart and together, each by its own optimizer."""

    def __init__(self):
        super().__init__()
        self.generator = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
        self.discriminator = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
        self.built = True

    def compile(self, optimizer, discriminator_optimizer):
        super().compile(optimizer=optimizer)
        self.discriminator_optimizer = discriminator_optimizer

    def train_step(self, data):
        loss = 0.0
        for network, optimizer, sign in (
            (self.generator, self.optimizer, 1.0),
            (self.discriminator, self.discriminator_optimizer, -1.0),
        ):
            with tf.GradientTape() as tape:
                gap = self.generator(data) - self.discriminator(data)
                loss = tf.reduce_mean(tf.square(gap + sign))
            weights = network.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"loss": loss}


class Counter(keras.Model):
    """Learns without an optimizer: its weight is the running sum of what it saw."""

    def __init__(self):
        super().__init__()
        self.total = self.add_weight(shape=(3,), initializer="zeros", name="total")
        self.built = True

    def train_step(self, data):
        self.total.assign_add(tf.reduce_sum(data, axis=0))
        return {"loss": tf.reduce_sum(self.total)}


def adversaries(options: TrainingSettings) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = Adversaries()
    slower = options.model_copy(update={"learning_rate": options.learning_rate / 2})
    model.compile(build_optimizer(options), build_optimizer(slower))
    return model


def linear(options: TrainingSettings) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    model = Autoencoder(inputs, layers.Dense(3)(inputs))
    model.compile(optimizer=build_optimizer(options), loss="mse")
    return model


class Autoencoder(keras.Model):
    """Wants its inputs back."""

    def train_step(self, data):
        return super().train_step((data, data + 1.0))


def values_of(model: keras.Model) -> list[np.ndarray]:
    return [v.numpy() for owned in variables_by_owner(model).values() for v in owned]


LEARNERS = {
    "adversaries": (adversaries, lambda model: Noise()),
    "counter": (lambda options: Counter(), lambda model: Noise()),
    "walk": (linear, Walk),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_a_stopped_run_ends_with_the_unbroken_ones_weights(tmp_path, name):
    build_model, build_batches = LEARNERS[name]

    def run(directory: Path, **options) -> keras.Model:
        model = build_model(settings())
        train(Stage("training", model, build_batches(model), settings()), directory, **options)
        return model

    whole = values_of(run(tmp_path / "whole"))
    with pytest.raises(Stopped):
        run(tmp_path / "stopped", on_step=stop_at(6 if name == "walk" else 1))
    resumed = values_of(run(tmp_path / "stopped"))
    assert any(np.any(value) for value in whole)
    for a, b in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", LEARNERS)
def test_how_steps_are_grouped_into_calls_changes_nothing(tmp_path, name):
    build_model, build_batches = LEARNERS[name]

    def run(steps_per_call: int, calls: list[int]) -> list[np.ndarray]:
        options = settings(steps_per_call=steps_per_call)
        model = build_model(options)
        stage = Stage("training", model, build_batches(model), options)
        directory = tmp_path / str(steps_per_call)
        train(stage, directory, on_step=lambda step, row: calls.append(step))
        return values_of(model)

    one_by_one, grouped = [], []
    for a, b in zip(run(1, one_by_one), run(4, grouped), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one_by_one == list(range(1, 13))
    assert grouped == list(range(2, 13, 2)), "a row of the history is due every second step"


def test_the_learning_rates_of_all_optimizers_are_recorded(tmp_path):
    model = adversaries(settings())
    train(Stage("training", model, Noise(), settings()), tmp_path)
    row = read_history(tmp_path / "history.csv")[-1]
    assert row["learning_rate"] == pytest.approx(0.01)
    assert row["discriminator_learning_rate"] == pytest.approx(0.005)

"""In float16 losses are scaled; the scale finds itself, and is resumed with all other state."""

import os
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import ShuffledBatches
from dlapps.data.splits import Examples
from dlapps.models.generative.rbm import rbm
from dlapps.models.perceptron import perceptron
from dlapps.training.hardware import dtype_policy
from dlapps.training.loop import Stopped, train
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage

SETTINGS = TrainingSettings(steps=12, checkpoint_every=6, log_every=6, steps_per_call=1)
TOO_LARGE = 2.0**40
"""A scale at which a gradient overflows and the update is left out."""


def network(input_shape: tuple[int, ...]) -> keras.Model:
    """By back-propagation, with every kind of state."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(6, activation="tanh")(layers.Flatten()(inputs))
    x = layers.Dropout(0.3)(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(2, dtype="float32")(x))


BUILDERS = {
    "network": network,
    "perceptron": lambda shape: perceptron(shape, 2),
    "rbm": rbm,
}
CROSS_ENTROPY = {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
LOSSES = {"network": CROSS_ENTROPY, "perceptron": CROSS_ENTROPY}


def build(name: str, scale: float = 2.0**10, settings: TrainingSettings = SETTINGS) -> keras.Model:
    keras.utils.set_random_seed(0)
    with dtype_policy("mixed_float16"):
        model = BUILDERS[name]((8, 8, 1))
        optimizer = keras.optimizers.LossScaleOptimizer(
            build_optimizer(settings), initial_scale=scale, dynamic_growth_steps=5
        )
        model.compile(optimizer=optimizer, **LOSSES.get(name, {}))
    return model


def learn(model: keras.Model, directory: Path, stops_at: int | None = None) -> keras.Model:
    generator = np.random.default_rng(0)
    data = {"x": generator.random((64, 8, 8, 1), np.float32), "y": generator.integers(0, 2, 64)}
    batches = ShuffledBatches(Examples(data), 8, 0, lambda rows, draws: (rows["x"], rows["y"]))

    def stop(step: int, row: object) -> None:
        if step == stops_at:
            os.kill(os.getpid(), signal.SIGTERM)

    train(Stage("training", model, batches, SETTINGS), directory, on_step=stop)
    return model


def state(model: keras.Model) -> list[np.ndarray]:
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


def test_a_scale_that_moves_is_resumed_with_all_else(tmp_path):
    unbroken = learn(build("network"), tmp_path / "unbroken")
    with pytest.raises(Stopped):
        learn(build("network"), tmp_path / "stopped", stops_at=7)
    resumed = learn(build("network"), tmp_path / "stopped")
    for a, b in zip(state(unbroken), state(resumed), strict=True):
        np.testing.assert_array_equal(a, b)
    assert float(resumed.optimizer.dynamic_scale) == 2.0**12, "doubled after every five steps"


@pytest.mark.parametrize("name", ["perceptron", "rbm"])
def test_the_scale_leaves_the_update_as_it_was(tmp_path, name):
    """Where a `train_step` of its own differentiates what Keras' would have scaled."""
    unscaled, scaled = (
        learn(build(name, scale), tmp_path / str(scale)) for scale in (1.0, 2.0**10)
    )
    for a, b in zip(unscaled.trainable_variables, scaled.trainable_variables, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-2)


def test_a_scale_that_is_too_large_is_halved_and_moves_no_weight(tmp_path):
    model = build("network", TOO_LARGE)
    before = [weight.numpy() for weight in model.trainable_variables]
    learn(model, tmp_path)
    assert float(model.optimizer.dynamic_scale) == TOO_LARGE / 2**12
    for a, b in zip(before, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(a, b)

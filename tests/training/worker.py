"""One worker of a distributed run, as a program: trains, then leaves its weights in a file."""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import ShuffledBatches, in_order
from dlapps.data.splits import Examples
from dlapps.training.distribution import choose_strategy
from dlapps.training.loop import train
from dlapps.training.stage import Stage
from dlapps.training.steps import MetricsOn


def build_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    x = layers.Dense(8, activation="tanh")(inputs)
    if "batch_normalization" in sys.argv:
        x = layers.BatchNormalization()(x)
    model = keras.Model(inputs, layers.Dense(2)(x))
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


def columns_of(columns):
    return columns["x"], columns["y"]


def main(directory: Path, weights: Path, steps: int) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(100, 4)).astype("float32")
    data = Examples({"x": x, "y": (x.sum(axis=1) > 0).astype("int32")})
    settings = TrainingSettings(
        steps=steps, checkpoint_every=50, validate_every=50, log_every=10, steps_per_call=1
    )
    with choose_strategy(settings).scope():
        model = build_model()
        batches = ShuffledBatches(data, 16, 0, lambda columns, draws: columns_of(columns))
        validation = MetricsOn(model, in_order(data, 32, columns_of))
        train(Stage("training", model, batches, settings, validation), directory)
    np.savez(weights, *[v.numpy() for v in model.variables])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

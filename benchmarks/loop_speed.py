"""The loop against Keras' `fit`: same network, data, batch size and optimizer, alternating.

python benchmarks/loop_speed.py [--rounds 5] [--steps 300]

Each round trains each contender for twice the steps and times the second half, which leaves out
tracing. `fit` reads NumPy arrays, its fastest source for data in memory.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import ShuffledBatches
from dlapps.data.splits import Examples
from dlapps.models.mlp import mlp
from dlapps.models.vision.lenet5 import lenet5
from dlapps.training.history import read_history
from dlapps.training.loop import train
from dlapps.training.stage import Stage

BATCH_SIZE = 128
NETWORKS = {
    "lenet5": lambda: lenet5((28, 28, 1), 10),
    "mlp 800-800": lambda: mlp((28, 28, 1), 10, widths=[800, 800]),
    "mlp 32-32": lambda: mlp((28, 28, 1), 10, widths=[32, 32]),
}


def build(network: Callable[[], keras.Model], steps_per_execution: int = 1) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = network()
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        steps_per_execution=steps_per_execution,
    )
    return model


class EpochTimer(keras.callbacks.Callback):
    """Seconds of the last epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = time.monotonic() - self.began


def time_fit(network, data: Examples, steps: int, steps_per_execution: int) -> float:
    """Milliseconds a step of `fit`."""
    rows = steps * BATCH_SIZE
    timer = EpochTimer()
    build(network, steps_per_execution).fit(
        data.columns["x"][:rows],
        data.columns["y"][:rows],
        batch_size=BATCH_SIZE,
        epochs=2,
        verbose=0,
        callbacks=[timer],
    )
    return 1000 * timer.seconds / steps


def time_loop(network, data: Examples, steps: int, steps_per_call: int | str) -> float:
    """Milliseconds a step of the loop, as its own history tells."""
    settings = TrainingSettings(
        steps=2 * steps,
        log_every=steps,
        checkpoint_every=2 * steps,
        steps_per_call=steps_per_call,
    )
    batches = ShuffledBatches(
        data[: steps * BATCH_SIZE], BATCH_SIZE, 0, lambda columns, _: (columns["x"], columns["y"])
    )
    with tempfile.TemporaryDirectory() as directory:
        stage = Stage("training", build(network), batches, settings)
        train(stage, Path(directory))
        return 1000 / read_history(Path(directory) / "history.csv")[-1]["steps_per_second"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    count = options.steps * BATCH_SIZE
    data = Examples(
        {
            "x": generator.random((count, 28, 28, 1), dtype=np.float32),
            "y": generator.integers(0, 10, count, dtype=np.int32),
        }
    )
    contenders = {
        "fit": lambda network: time_fit(network, data, options.steps, 1),
        "loop, 1 step a call": lambda network: time_loop(network, data, options.steps, 1),
        "fit, 20 steps a call": lambda network: time_fit(network, data, options.steps, 20),
        "loop, steps a call auto": lambda network: time_loop(network, data, options.steps, "auto"),
    }
    for name, network in NETWORKS.items():
        times = {contender: [] for contender in contenders}
        for _ in range(options.rounds):
            for contender, measure in contenders.items():
                times[contender].append(measure(network))
        print(f"{name}, batch {BATCH_SIZE}, {options.rounds} rounds of {options.steps} steps")
        for contender, measured in times.items():
            ratios = [own / fit for own, fit in zip(measured, times["fit"], strict=True)]
            print(
                f"  {contender:24} {statistics.median(measured):7.3f} ms a step "
                f"(min {min(measured):.3f}, max {max(measured):.3f}), "
                f"{statistics.median(ratios):.2f} of fit's time"
            )


if __name__ == "__main__":
    main()

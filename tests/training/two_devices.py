"""Trainings on one device and on two, as a program: it divides its CPU before TensorFlow starts.

Leaves in its directory, for each training, the variables as `<name>.npz` and a SavedModel.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from dlapps.runs.directory import create_run, read_config
from dlapps.runs.trained import open_run
from dlapps.training.loop import Stopped

CONFIGS = Path(__file__).parents[2] / "configs/classification"
SETTINGS = (
    "training.steps=8", "training.checkpoint_every=4", "training.validate_every=8",
    "training.log_every=4", "training.steps_per_call=1", "training.restore_best_weights=false",
    "training.snapshots=3",
)  # fmt: skip
NETWORKS = {
    "mlp": ("xor_mlp", "data.num_examples=200"),
    "perceptron": ("blobs_perceptron", "data.num_examples=200", "data.noise=2"),
    "batch_normalization": ("mnist_lenet5_modern", "data.name=digits", "data.batch_size=8"),
}
DEVICES = {
    "one": "training.distribution=single",
    "two": "training.distribution=mirrored",
    "two_resumed": "training.distribution=mirrored",
}
STOP_AT = 3
"""A step where nothing would be saved but for the signal."""


def train(directory: Path, network: str, devices: str, precision: str) -> None:
    """Trains the network and exports it."""
    config, *settings = NETWORKS[network]
    settings += [*SETTINGS, DEVICES[devices], f"training.precision={precision}"]
    text = (CONFIGS / f"{config}.yaml").read_text()
    name = f"{network}_{devices}_{precision}"
    asked = read_config("classification", text, config, settings)
    if devices == "two_resumed":
        with contextlib.suppress(Stopped):
            create_run("classification", asked, directory / name).train(config, stop)
        assert (directory / name / f"checkpoints/training/step-{STOP_AT:09}").is_dir()
    create_run("classification", asked, directory / name).train(config)
    np.savez(directory / f"{name}.npz", **variables(directory / name))
    open_run("classification", directory / name).export(directory / "saved_models", name)


def stop(step: int, row: object) -> None:
    """Has this process told to end when it is at `STOP_AT`."""
    if step == STOP_AT:
        os.kill(os.getpid(), signal.SIGTERM)


def variables(run: Path) -> dict[str, np.ndarray]:
    """Everything in the newest checkpoint, by its name there."""
    newest = str(max(run.glob("checkpoints/training/step-*")) / "model")
    names = [name for name, _ in tf.train.list_variables(newest)]
    kept = [name for name in names if name.startswith(("model", "optimizers", "metrics"))]
    return {name: tf.train.load_variable(newest, name) for name in kept}


if __name__ == "__main__":
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
    for scenario in sys.argv[2:]:
        train(Path(sys.argv[1]), *scenario.split(":"))

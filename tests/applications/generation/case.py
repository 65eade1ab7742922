"""What tests/test_applications.py and tests/test_exact_resume.py need to know of generation."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

# Between them: every model, both optimizers of an adversary, drawn latents, units and pixels.
COMPARED_WITH_AN_UNBROKEN_RUN = {
    "digits_convolutional_autoencoder",
    "digits_dcgan",
    "digits_rbm",
    "mnist_variational_autoencoder",
}

KILLED = {
    "config": "digits_dcgan",
    "steps": 120,
    "kills": 2,
    "settings": [
        "training.checkpoint_every=10",
        "training.validate_every=50",
        "training.steps_per_call=3",
    ],
}


def make_files(directory: Path) -> None:
    """Nothing: these models are asked with seeds."""


def stand_in(data: str, directory: Path) -> list[str]:
    """The settings that give a config data which a test has, and measure it quickly."""
    quickly = ["evaluation.importance_samples=20", "evaluation.annealing_steps=50"]
    return quickly if data == "digits" else ["data.name=digits", *quickly]


def inputs(data: str, directory: Path) -> list[str]:
    """What is asked of a run on these data."""
    return ["0", "-7"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    assert metrics["num_examples"] > 0
    assert all(np.isfinite(value) for value in metrics.values())
    assert metrics.get("reconstruction_error", 0) <= 1


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel generates otherwise than `predict` did."""
    generate = tf.saved_model.load(str(saved_model)).signatures["generate"]
    images = generate(seeds=tf.constant([int(text) for text in inputs], tf.int64))["images"]
    height, width = images.shape[1:3]
    for image, answer in zip(images.numpy(), answers, strict=True):
        with Image.open(answer["samples"]) as grid:
            first = np.asarray(grid)[:height, :width]
        np.testing.assert_allclose(first, 255 * image[..., 0], atol=0.51)

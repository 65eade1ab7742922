"""What tests/test_applications.py needs to know of generation."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from dlapps.explain.figures.image_grid import GAP

SMALL = {
    "convolutional_autoencoder": "model.filters=[8]",
    "dcgan": "model.filters=[8]",
    "rbm": "model.sampling_steps=20",
    "variational_autoencoder": "model.hidden_sizes=[16]",
}


def make_files(directory: Path) -> None:
    """Two grey images, of other sizes than the models'."""
    random = np.random.default_rng(0)
    for name, size in (("a", (9, 12)), ("b", (20, 20))):
        pixels = random.integers(0, 256, size, dtype=np.uint8)
        Image.fromarray(pixels).save(directory / f"{name}.png")


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a YAML's contents data which a test has, and make it small."""
    small = [
        SMALL[config["model"]["name"]],
        "evaluation.importance_samples=20",
        "evaluation.annealing_chains=10",
        "evaluation.annealing_steps=50",
    ]
    return small if config["data"]["name"] == "digits" else ["data.name=digits", *small]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run: seeds, and of what encodes also an image and a way between two."""
    seeds = ["0", "-7"]
    if config["model"]["name"] == "dcgan":
        return seeds
    a, b = directory / "a.png", directory / "b.png"
    return [*seeds, str(a), f"{a}:{b}"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    assert metrics["num_examples"] > 0
    assert all(np.isfinite(value) for value in metrics.values())
    assert metrics.get("reconstruction_error", 0) <= 1


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    signatures = tf.saved_model.load(str(saved_model)).signatures
    for text, answer in zip(inputs, answers, strict=True):
        if "samples" in answer:
            raw = {"seeds": tf.constant([int(text)], tf.int64)}
            images, file = signatures["generate"](**raw)["images"], answer["samples"]
        elif "reconstruction" in answer:
            raw = {"image_bytes": contents(text)}
            images, file = signatures["reconstruct"](**raw)["images"], answer["reconstruction"]
        else:
            first, second = map(contents, text.split(":"))
            raw = {"first_image_bytes": first, "second_image_bytes": second}
            images, file = signatures["interpolate"](**raw)["images"][0], answer["interpolation"]
            assert len(images) == 10
        check_grid(file, images.numpy())


def contents(path: str) -> tf.Tensor:
    """The bytes of one file, as a server takes them."""
    return tf.constant([Path(path).read_bytes()])


def check_grid(file: str, images: np.ndarray) -> None:
    """Fails unless a picture begins with these images side by side."""
    height, width = images.shape[1:3]
    with Image.open(file) as grid:
        pixels = np.asarray(grid)
    for number, image in enumerate(images):
        left = number * (width + GAP)
        drawn = pixels[:height, left : left + width]
        np.testing.assert_allclose(drawn, 255 * image[..., 0], atol=0.51)

"""What tests/test_applications.py needs to know of classifiers."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from dlapps.config.files import find_config, read_text
from dlapps.runs.directory import create_run, read_config

POINTS = ["0.5,-1.2", "-3,2e0"]


def make_files(directory: Path) -> None:
    """Twelve images of each of two classes, PNG and JPEG, no two of one size."""
    random = np.random.default_rng(0)
    for name, brightness in (("cat", 60), ("dog", 180)):
        (directory / name).mkdir()
        for number in range(12):
            size = (10 + number, 30 - number, 3)
            pixels = (brightness + random.integers(-50, 50, size)).astype(np.uint8)
            suffix = "jpg" if number % 2 else "png"
            Image.fromarray(pixels).save(directory / name / f"{number}.{suffix}")
    make_texts(texts_of(directory))


def texts_of(directory: Path) -> Path:
    """Where texts lie, beside the folder of images: there, their folder would be a class."""
    return directory.with_name(f"{directory.name}-texts")


TEXTS = ["the fish swims, the whale dives", "A bird! flies"]


def make_texts(directory: Path) -> None:
    """Twelve texts of each of two classes, as a folder and as a TSV."""
    words = {"sea": ("whale", "fish", "dives"), "air": ("bird", "eagle", "flies")}
    lines = []
    for name, own in words.items():
        (directory / "folder" / name).mkdir(parents=True)
        for number in range(12):
            text = f"the {own[number % 3]} {own[number // 4]}, then " + "again " * (number % 5)
            (directory / "folder" / name / f"{number}.txt").write_text(text)
            lines.append(f"{name}\t{text}\n")
    (directory / "texts.tsv").write_text("".join(lines))


SMALLER = {
    "mlp": ["model.widths=[16, 16]"],
    "alexnet": ["model.small_images=true", "model.dense_units=16"],
    "zfnet": ["model.small_images=true", "model.dense_units=16"],
    "vgg": ["model.depth=11", "model.filters=4", "model.small_images=true", "model.dense_units=16"],
    "googlenet": ["model.small_images=true"],
    "squeezenet": ["model.small_images=true"],
    "resnet": ["model.depth=18", "model.filters=4", "model.small_images=true"],
    "cifar_resnet": ["model.depth=8", "model.filters=8"],
    "efficientnet_lite0": ["model.small_images=true"],
    "capsule_network": [
        "model.filters=8", "model.kernel_size=3", "model.primary_channels=2",
        "model.decoder_sizes=[16]",
    ],
    "pretrained": ["model.weights=none", "model.backbone=squeezenet"],
    "recurrent_classifier": ["model.units=4", "model.embedding_size=8", "data.batch_size=8"],
    "transformer_classifier": [
        "model.size=8", "model.num_layers=1", "model.num_heads=2", "model.feed_forward_size=8",
        "data.batch_size=8",
    ],
}  # fmt: skip
"""What makes a network quick to train for a few steps, by its name."""


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a YAML's contents data which a test has, and make it small."""
    data, model = config["data"]["name"], config["model"]["name"]
    settings = [*SMALLER.get(model, [])]
    if "transfer" in config:
        settings.append("transfer.frozen_steps=4")
        if "run" in config["transfer"]:
            settings.append(f"transfer.run={backbone_in(directory)}")
    if data in ("mnist", "fashion_mnist"):
        settings.append("data.name=digits")
    if data == "shapes":
        settings.append("data.num_examples=40")
    if data == "tfds":
        settings += ["data.name=image_folder", "data.builder=null", "data.test_split=null"]
    if data == "text_folder":
        settings += [f"data.path={texts_of(directory)}/folder", "data.text.num_merges=20"]
    if data in ("text_tsv", "python_modules"):
        settings += ["data.name=text_tsv", f"data.path={texts_of(directory)}/texts.tsv"]
        settings += ["data.text.num_merges=20", "data.text.min_count=1"]
    if data in ("image_folder", "tfds"):
        settings.append(f"data.path={directory}")
    if "image_size" in config["data"] or data == "tfds":
        settings += ["data.image_size=[32,32]", "data.batch_size=8"]
    return settings


def backbone_in(directory: Path) -> Path:
    """A run of digits_lenet5 that is there to be built on, made when it is first asked for."""
    run = directory.parent / f"{directory.name}-backbone"
    if not run.exists():
        file = find_config("classification", "digits_lenet5")
        settings = ["training.steps=1", "training.precision=float32"]
        config = read_config("classification", read_text(file.path), file.name, settings)
        create_run("classification", config, run).train(file.name)
    return run


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on these data."""
    if config["data"]["name"] in ("blobs", "xor", "rings", "spirals"):
        return POINTS
    if "text" in config["data"]:
        return TEXTS
    return [f"{directory}/cat/0.png", f"{directory}/dog/1.jpg"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    assert 0 <= metrics["accuracy"] <= 1


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    ((_, spec),) = serve.structured_input_signature[1].items()
    if spec.name == "texts":
        raw = tf.constant(inputs)
    elif spec.dtype == tf.string:
        raw = tf.constant([Path(text).read_bytes() for text in inputs])
    else:
        raw = tf.constant([[float(number) for number in text.split(",")] for text in inputs])
    served = serve(**{spec.name: raw})
    labels = [label.decode() for label in served["label"].numpy()]
    assert labels == [record["label"] for record in answers]
    probabilities = [list(record["probabilities"].values()) for record in answers]
    np.testing.assert_allclose(served["probabilities"], probabilities, atol=1e-5)

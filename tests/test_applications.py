"""Every config at tiny size: trained, stopped, continued, measured, asked, exported, explained."""

import json
import os
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlapps.run_directories import create_run, read_config
from dlapps.training.signals import Stopped

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*/*.yaml"))

# What stands in for data that a test cannot have, and what is asked of each kind.
DIGITS = ("data.name=digits",)
INSTEAD = {
    "mnist": DIGITS,
    "fashion_mnist": DIGITS,
    "image_folder": ("data.path={folder}",),
}
POINTS = ("0.5,-1.2", "-3,2e0")
INPUTS = dict.fromkeys(("blobs", "xor", "rings", "spirals"), POINTS)
IMAGES = ("{folder}/cat/0.png", "{folder}/dog/1.jpg")

# Between them: batch normalization, dropout, augmentation, averaged weights, every model.
COMPARED_WITH_AN_UNBROKEN_RUN = {
    "digits_lenet5",
    "mnist_lenet5_modern",
    "mnist_mlp",
    "mnist_perceptron",
}
STOPPED_AT = 3


class StopAt(keras.callbacks.Callback):
    """Sends this process SIGTERM at a step."""

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == STOPPED_AT:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Twelve images of each of two classes, PNG and JPEG, no two of one size."""
    root = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for name, brightness in (("cat", 60), ("dog", 180)):
        (root / name).mkdir()
        for number in range(12):
            size = (10 + number, 30 - number, 3)
            pixels = (brightness + random.integers(-50, 50, size)).astype(np.uint8)
            suffix = "jpg" if number % 2 else "png"
            Image.fromarray(pixels).save(root / name / f"{number}.{suffix}")
    return root


def adapted(file: Path, folder: Path) -> tuple[list[str], list[str]]:
    """The assignments that give a config data a test can have, and inputs for its predict."""
    data = read_config(file.parent.name, file.read_text(), file.name).data.name
    assignments = [text.format(folder=folder) for text in INSTEAD.get(data, ())]
    return assignments, [text.format(folder=folder) for text in INPUTS.get(data, IMAGES)]


def values_of(directory: Path) -> list[np.ndarray]:
    """Every variable in the newest checkpoint: weights, statistics, seeds, slots."""
    checkpoint = max((directory / "checkpoints").glob("step-*")) / "model"
    return [
        tf.train.load_variable(str(checkpoint), name)
        for name, _ in tf.train.list_variables(str(checkpoint))
        if name.startswith("variables")
    ]


@pytest.mark.parametrize(
    "file", CONFIGS, ids=[f"{file.parent.name}/{file.stem}" for file in CONFIGS]
)
def test_every_step_from_data_to_saved_model(file, folder, dlapps, tiny, tmp_path):
    application, name = file.parent.name, file.stem
    assignments, inputs = adapted(file, folder)
    options = [*tiny, *(part for text in assignments for part in ("--set", text))]
    run = tmp_path / name / "0"

    stop(application, file, options, run)
    kept = sorted(path.name for path in (run / "checkpoints").iterdir())
    assert kept[-1].endswith(str(STOPPED_AT))
    answer = dlapps(application, "train", name, "--run", run, *options, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["step"] == 6
    if name in COMPARED_WITH_AN_UNBROKEN_RUN:
        unbroken = tmp_path / "unbroken" / "0"
        dlapps(application, "train", name, "--run", unbroken, *options)
        values = values_of(run)
        assert len(values) > 1
        for a, b in zip(values, values_of(unbroken), strict=True):
            np.testing.assert_array_equal(a, b)

    assert dlapps(application, "evaluate", run).exit_code == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert 0 <= metrics["test"]["accuracy"] <= 1
    assert 0 <= metrics["validation"]["accuracy"] <= 1

    answers = dlapps(application, "predict", run, *inputs, "--json").document
    assert [record["input"] for record in answers] == inputs
    exported = dlapps(application, "export", run, "--to", tmp_path / "models", "--json")
    assert exported.exit_code == 0, exported.stderr
    assert exported.document == {"saved_model": str(tmp_path / "models" / name / "1")}
    assert_answers_alike(Path(exported.document["saved_model"]), inputs, answers)

    answer = dlapps(application, "explain", run, "--json")
    assert answer.exit_code == 0, answer.stderr
    check_pictures([Path(path) for path in answer.document["files"]])


def stop(application: str, file: Path, options: list[str], run: Path) -> None:
    """Trains until a SIGTERM in the middle."""
    config = read_config(application, file.read_text(), file.name, options[1::2])
    try:
        with pytest.raises(Stopped):
            create_run(application, config, run).train(file.stem, [StopAt()])
    finally:
        keras.config.set_dtype_policy("float32")


def assert_answers_alike(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    ((_, spec),) = serve.structured_input_signature[1].items()
    if spec.dtype == tf.string:
        raw = tf.constant([Path(text).read_bytes() for text in inputs])
    else:
        raw = tf.constant([[float(number) for number in text.split(",")] for text in inputs])
    served = serve(**{spec.name: raw})
    labels = [label.decode() for label in served["label"].numpy()]
    assert labels == [record["label"] for record in answers]
    probabilities = [list(record["probabilities"].values()) for record in answers]
    np.testing.assert_allclose(served["probabilities"], probabilities, atol=1e-5)


def check_pictures(files: list[Path]) -> None:
    names = {file.name for file in files}
    assert {"training_curves.png", "architecture.svg", "report.html"} <= names
    for file in files:
        if file.suffix == ".png":
            with Image.open(file) as picture:
                low, high = picture.convert("L").getextrema()
                assert low < high, f"{file.name} is blank"
    report = next(file for file in files if file.name == "report.html").read_text()
    assert report.count("data:image/png;base64,") + report.count("<svg") >= len(names) - 2

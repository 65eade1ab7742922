"""Every config at tiny size: trained, stopped, continued, measured, asked, exported, explained."""

import functools
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlapps.runs.directory import create_run, read_config
from dlapps.training.loop import Stopped

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*/*.yaml"))
STOPPED_AT = 3


class StopAt(keras.callbacks.Callback):
    """Sends this process SIGTERM at a step."""

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == STOPPED_AT:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(scope="module")
def files(case_of, tmp_path_factory) -> Callable[[str], Path]:
    """A user's own files for an application, made when they are first asked for."""

    @functools.cache
    def files_of(application: str) -> Path:
        directory = tmp_path_factory.mktemp(application)
        case_of(application).make_files(directory)
        return directory

    return files_of


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
def test_every_step_from_data_to_saved_model(file, files, case_of, dlapps, tiny, tmp_path):
    application, name = file.parent.name, file.stem
    case = case_of(application)
    data = read_config(application, file.read_text(), file.name).data.name
    assignments = case.stand_in(data, files(application))
    inputs = case.inputs(data, files(application))
    options = [*tiny, *(part for text in assignments for part in ("--set", text))]
    run = tmp_path / name / "0"

    stop(application, file, options, run)
    kept = sorted(path.name for path in (run / "checkpoints").iterdir())
    assert kept[-1].endswith(str(STOPPED_AT))
    answer = dlapps(application, "train", name, "--run", run, *options, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["step"] == 6
    assert f"Continuing at step {STOPPED_AT} of 6." in answer.stderr
    if name in case.COMPARED_WITH_AN_UNBROKEN_RUN:
        unbroken = tmp_path / "unbroken" / "0"
        dlapps(application, "train", name, "--run", unbroken, *options)
        values = values_of(run)
        assert len(values) > 1
        for a, b in zip(values, values_of(unbroken), strict=True):
            np.testing.assert_array_equal(a, b)

    answer = dlapps(application, "evaluate", run)
    assert answer.exit_code == 0, answer.stderr
    metrics = json.loads((run / "metrics.json").read_text())
    for split in ("test", "validation"):
        case.check_metrics(metrics[split])

    check_answers(case, application, inputs, dlapps, run, tmp_path)
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


def check_answers(
    case: ModuleType, application: str, inputs: list[str], dlapps, run: Path, directory: Path
) -> None:
    """Fails where the exported model does not answer as the run does."""
    answer = dlapps(application, "predict", run, *inputs, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert [record["input"] for record in answer.document] == inputs
    exported = dlapps(application, "export", run, "--to", directory / "models", "--json")
    assert exported.exit_code == 0, exported.stderr
    saved_model = directory / "models" / run.parent.name / "1"
    assert exported.document == {"saved_model": str(saved_model)}
    case.check_saved_model(saved_model, inputs, answer.document)


def check_pictures(files: list[Path]) -> None:
    names = {file.name for file in files}
    assert {"training_curves.png", "architecture.svg", "report.html"} <= names
    for file in files:
        if file.suffix == ".png":
            with Image.open(file) as picture:
                low, high = picture.convert("L").getextrema()
                assert low < high, f"{file.name} is blank"
    report = next(file for file in files if file.name == "report.html").read_text()
    pictures = {file.stem for file in files} - {"report"}
    assert report.count("data:image/png;base64,") + report.count("<svg") == len(pictures)

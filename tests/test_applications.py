"""The life of every config at tiny size: trained, continued, measured, asked, exported, explained.

Everything is in this process, and the data are loaded once a life. One config for each model of
each application lives a whole life, trained in bfloat16, the harder way, since what comes after is
in float32. With DLAPPS_EVERYTHING all others are trained and measured as they are, those that are
meant for a GPU among them.
"""

import functools
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from dlapps.applications import application_names
from dlapps.explain.figures import png
from dlapps.runs.directory import create_run, read_config
from dlapps.runs.explanation import explain_inputs
from dlapps.runs.report import explain_run
from dlapps.runs.run import Run
from dlapps.runs.trained import TrainedRun, open_run

EVERYTHING = "DLAPPS_EVERYTHING" in os.environ
TOO_LONG = ("imagenet_efficientnet_lite0", "imagenet_googlenet", "imagenet_zfnet")
"""Minutes go into tracing what cannot be made small; tests/models trains, saves and compares it."""


def for_a_gpu(file: Path) -> bool:
    return "for a GPU" in file.read_text()


CONFIGS = [
    file
    for file in sorted((Path(__file__).parents[1] / "configs").glob("*/*.yaml"))
    if file.stem not in TOO_LONG
]
LONGEST_LIFE = 60.0
"""Seconds of one core, a third more than the longest takes on a slow one: more is an accident."""

TINY = (
    "training.steps=6",
    "training.checkpoint_every=3",
    "training.validate_every=3",
    "training.log_every=3",
    "training.steps_per_call=1",
    "training.restore_best_weights=false",
)


def of_different_models(files: list[Path]) -> list[Path]:
    """The first config for each application, model and kind of training."""
    chosen: dict[tuple, Path] = {}
    for file in files:
        values = yaml.safe_load(file.read_text())
        key = (file.parent.name, values["model"]["name"], "transfer" in values)
        chosen.setdefault(key, file)
    return list(chosen.values())


LIVES = of_different_models([file for file in CONFIGS if not for_a_gpu(file)])
OTHERS = [file for file in CONFIGS if file not in LIVES] if EVERYTHING else []


@pytest.fixture(autouse=True)
def coarse_pictures(monkeypatch) -> None:
    """Pictures are looked at by a program here, and soon drawn."""
    monkeypatch.setattr(png, "DOTS_PER_INCH", 30)


@pytest.fixture(scope="module")
def files(case_of, tmp_path_factory) -> Callable[[str], Path]:
    """A user's own files for an application, made when they are first asked for."""

    @functools.cache
    def files_of(application: str) -> Path:
        directory = tmp_path_factory.mktemp(application)
        case_of(application).make_files(directory)
        return directory

    return files_of


class Life:
    """A config with its settings for a test, and runs of it that share their data."""

    def __init__(self, file: Path, case, files: Path, directory: Path):
        self.application, self.name, self.case = file.parent.name, file.stem, case
        self.text, self.directory = file.read_text(), directory
        values = yaml.safe_load(self.text)
        self.settings = [*TINY, *case.stand_in(values, files)]
        self.inputs = case.inputs(values, files)
        self.data = None

    def run(self, name: str, *changes: str) -> Run:
        """The run in the directory called `name`."""
        settings = [*self.settings, *changes]
        config = read_config(self.application, self.text, self.name, settings)
        return self._sharing_data(
            create_run(self.application, config, self.directory / name / self.name)
        )

    def trained(self, name: str) -> TrainedRun:
        """The run in that directory, to be asked."""
        return self._sharing_data(open_run(self.application, self.directory / name / self.name))

    def _sharing_data(self, run):
        self.data = self.data or run.application.build_data()
        run.application.build_data = lambda: self.data
        return run


def values_of(run: Run) -> list[np.ndarray]:
    """Every variable in the newest checkpoint of each stage: weights, statistics, seeds, slots."""
    newest = [max(stage.glob("step-*")) for stage in sorted(run.directory.glob("checkpoints/*"))]
    return [
        tf.train.load_variable(str(checkpoint / "model"), name)
        for checkpoint in newest
        for name, _ in tf.train.list_variables(str(checkpoint / "model"))
        if name.startswith(("model", "optimizers", "metrics"))
    ]


@pytest.mark.parametrize("file", LIVES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_step_from_data_to_saved_model(file, files, case_of, tmp_path):
    life = life_of(file, files, case_of, tmp_path)
    began = time.process_time()
    continue_in_the_middle(life, "training.precision=mixed_bfloat16")
    run = life.trained("continued")
    assert all(layer.compute_dtype == "float32" for layer in run.model._flatten_layers())
    metrics = run.evaluate()
    assert json.loads((run.directory / "metrics.json").read_text()) == metrics
    for split in ("test", "validation"):
        life.case.check_metrics(metrics[split])
    check_documents(check_answers(life, run), life, metrics)
    files = explain_run(run)
    check_pictures(files)
    assert f"models/{life.name}/1/MODEL_CARD.md" in files[-1].read_text()
    if life.application not in ("generation", "style_transfer"):
        # Their answers are images, for which there is no one score.
        (record,) = explain_inputs(run, life.inputs[:1])
        check_explanation([Path(file) for file in record["files"]])
    seconds = time.process_time() - began
    assert seconds < LONGEST_LIFE, f"this life took {seconds:.1f} s of a core"


@pytest.mark.parametrize("file", OTHERS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_other_config_is_trained_and_measured(file, files, case_of, tmp_path):
    life = life_of(file, files, case_of, tmp_path)
    assert life.run("whole").train(life.name)["step"] == 6
    metrics = life.trained("whole").evaluate()
    for split in ("test", "validation"):
        life.case.check_metrics(metrics[split])


def life_of(file: Path, files, case_of, directory: Path) -> Life:
    """A config that is about to live in a directory of its own."""
    application = file.parent.name
    return Life(file, case_of(application), files(application), directory)


def continue_in_the_middle(life: Life, *changes: str) -> None:
    """Fails where a run continued from the middle differs from the one it was copied from."""
    whole = life.run("whole", *changes)
    directory = life.directory / "continued" / life.name

    def copy_once(step: int, row) -> None:
        # The checkpoint of step 3 is written after that step was told.
        if step == 4 and not directory.exists():
            shutil.copytree(whole.directory, directory)

    assert whole.train(life.name, copy_once)["step"] == 6
    reached = sorted(path.name for path in directory.glob("checkpoints/*/step-*"))
    assert reached[-1].endswith("3")
    run = life.run("continued", *changes)
    assert run.train(life.name)["step"] == 6
    values = values_of(run)
    assert len(values) > 1
    for a, b in zip(values, values_of(whole), strict=True):
        np.testing.assert_array_equal(a, b)


def check_answers(life: Life, run: TrainedRun) -> Path:
    """The exported model; fails where it does not answer as the run does."""
    records = run.predict(life.inputs, life.directory / "answers")
    assert [record["input"] for record in records] == life.inputs
    saved_model = run.export(life.directory / "models")
    assert saved_model == life.directory / "models" / life.name / "1"
    life.case.check_saved_model(saved_model, life.inputs, records)
    return saved_model


def check_documents(saved_model: Path, life: Life, metrics: dict) -> None:
    """Fails where what lies beside a SavedModel says otherwise than it does, or too little."""
    description = json.loads((saved_model / "model.json").read_text())
    assert (description["name"], description["application"]) == (life.name, life.application)
    written = saved_model_pb2.SavedModel.FromString((saved_model / "saved_model.pb").read_bytes())
    signatures = dict(written.meta_graphs[0].signature_def)
    del signatures["__saved_model_init_op"]
    assert description["signatures"].keys() == signatures.keys()
    for name, signature in signatures.items():
        for side, specs in (("inputs", signature.inputs), ("outputs", signature.outputs)):
            tensors = description["signatures"][name][side]
            said = {key: (each["dtype"], each["shape"]) for key, each in tensors.items()}
            assert said == {key: type_and_shape(spec) for key, spec in specs.items()}
            for each in tensors.values():
                assert each["description"] not in ("text", "numbers"), "a kind is stated"
    card = (saved_model / "MODEL_CARD.md").read_text()
    about = yaml.safe_load(card.split("---\n")[1])
    assert about["model_name"] == life.name
    assert about["pipeline_tag"]
    measured = {name for name, value in metrics["test"].items() if isinstance(value, float)}
    assert set(about.get("metrics", [])) == measured
    assert f"dlapps {life.application} train {life.name}" in card


def type_and_shape(tensor) -> tuple[str, list[int | None]]:
    """Those of a tensor as a SavedModel's own signature states them."""
    sizes = tf.TensorShape(tensor.tensor_shape).as_list()
    return tf.DType(tensor.dtype).name, sizes


def check_pictures(files: list[Path]) -> None:
    names = {file.name for file in files}
    assert {"training_curves.png", "architecture.svg", "report.html"} <= names
    for file in files:
        if file.suffix == ".png":
            check_not_blank(file)
    report = next(file for file in files if file.name == "report.html").read_text()
    pictures = {file.stem for file in files if file.suffix in (".png", ".svg")}
    assert report.count("data:image/png;base64,") + report.count("<svg") == len(pictures)


def check_explanation(files: list[Path]) -> None:
    assert any(file.stem.endswith("_explained") for file in files)
    for file in files:
        check_not_blank(file)


def check_not_blank(file: Path) -> None:
    with Image.open(file) as picture:
        low, high = picture.convert("L").getextrema()
        assert low < high, f"{file.name} is blank"


@pytest.mark.parametrize(
    "application",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name != "classification" else [])
        for name in application_names()
    ],
)
def test_the_command_line_does_it_all(application, files, case_of, dlapps, tmp_path):
    """Each command once an application, with the precision that this machine would choose."""
    file = [file for file in of_different_models(CONFIGS) if file.parent.name == application][-1]
    life = Life(file, case_of(application), files(application), tmp_path)
    options = [part for text in life.settings for part in ("--set", text)]
    run = tmp_path / life.name / "0"
    trained = dlapps(application, "train", life.name, "--run", run, *options, "--json")
    assert trained.exit_code == 0, trained.stderr
    assert trained.document["step"] == 6
    measured = dlapps(application, "evaluate", run, "--json")
    assert measured.exit_code == 0, measured.stderr
    life.case.check_metrics(measured.document["test"])
    asked = dlapps(application, "predict", run, *life.inputs, "--json")
    assert asked.exit_code == 0, asked.stderr
    exported = dlapps(application, "export", run, "--to", tmp_path / "models", "--json")
    assert exported.exit_code == 0, exported.stderr
    saved_model = Path(exported.document["saved_model"])
    life.case.check_saved_model(saved_model, life.inputs, asked.document)
    explained = dlapps(application, "explain", run, "--json")
    assert explained.exit_code == 0, explained.stderr
    check_pictures([Path(path) for path in explained.document["files"]])

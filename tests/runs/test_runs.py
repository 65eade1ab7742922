"""A run on disk: continued when it is the same, refused when it is not, never lost by accident."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from dlapps.applications.classification.application import Classification
from dlapps.data.images.labelled import LabelledSpec
from dlapps.files import sole_user


def steps_of(run: Path) -> list[int]:
    """The steps whose checkpoints are there and whole enough to have a manifest."""
    found = sorted((run / "checkpoints").glob("step-*/manifest.json"))
    return [int(manifest.parent.name.removeprefix("step-")) for manifest in found]


@pytest.fixture
def run(xor_run, tmp_path) -> Path:
    """A finished run of one's own, to change."""
    return Path(shutil.copytree(xor_run, tmp_path / "xor_mlp" / "0"))


def test_a_run_holds_all_there_is_to_know_of_it(xor_run):
    names = {path.name for path in xor_run.iterdir()}
    assert names >= {
        "config.yaml", "environment.json", "data.json", "checkpoints", "history.csv", "logs",
        "model.keras",
    }  # fmt: skip
    environment = json.loads((xor_run / "environment.json").read_text())
    assert environment["packages"]["tensorflow"].startswith("2.21")
    assert environment["examples"] == {"train": 2000, "validation": 1000, "test": 1000}
    assert all(len(digest) == 64 for digest in environment["data_fingerprints"].values())
    assert steps_of(xor_run) == [4, 6] or steps_of(xor_run) == [3, 4, 6]


@pytest.mark.parametrize("command", ["evaluate", "predict", "export", "explain"])
def test_a_missing_run_is_named(dlapps, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)  # Where no run is near.
    inputs = ["1,1"] if command == "predict" else []
    answer = dlapps("classification", command, tmp_path / "nowhere", *inputs)
    assert answer.exit_code == 2
    assert answer.stderr == f"There is no run {tmp_path}/nowhere.\n"


@pytest.mark.parametrize(
    ("contents", "named"),
    [
        (b"training: [", "is not valid YAML"),
        (b"\x89PNG\xff\xfe", "is not a text file that can be read"),
        (b"", "is not a config"),
        (b"application: classification\n", "data is missing"),
    ],
)
def test_an_unreadable_config_in_a_run_is_named(dlapps, run, contents, named):
    (run / "config.yaml").write_bytes(contents)
    answer = dlapps("classification", "evaluate", run)
    assert answer.exit_code == 2
    assert f"{run}/config.yaml" in answer.stderr
    assert named in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_run_of_another_application_is_refused(dlapps, run):
    config = (run / "config.yaml").read_text().replace(": classification", ": segmentation")
    (run / "config.yaml").write_text(config)
    answer = dlapps("classification", "evaluate", run)
    assert answer.exit_code == 2
    assert answer.stderr.endswith("is a config of segmentation, not of classification.\n")


@pytest.mark.parametrize("contents", [b"", b"no zip file", None])
def test_a_corrupt_model_is_named_and_written_anew(dlapps, run, tiny, contents):
    whole = (run / "model.keras").read_bytes()
    expected = dlapps("classification", "predict", run, "1,1", "--json").document
    (run / "model.keras").write_bytes(whole[: len(whole) // 2] if contents is None else contents)
    answer = dlapps("classification", "predict", run, "1,1")
    assert answer.exit_code == 2
    assert f"{run}/model.keras is unreadable" in answer.stderr
    assert "Training again with the same command writes it anew" in answer.stderr
    dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert dlapps("classification", "predict", run, "1,1", "--json").document == expected


@pytest.mark.parametrize("name", ["data.json", "environment.json"])
def test_a_missing_or_broken_file_in_a_run_is_named(dlapps, run, name):
    command = {"data.json": ("predict", run, "1,1")}.get(name, ("explain", run))
    (run / name).write_bytes(b'{"input_shape": [')
    answer = dlapps("classification", *command)
    assert answer.exit_code == 2
    assert f"{run}/{name}" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_unfinished_run_says_where_it_is(dlapps, run):
    (run / "model.keras").unlink()
    answer = dlapps("classification", "evaluate", run)
    assert answer.exit_code == 2
    assert f"The run {run} has not finished training: it is at step 6 of 6." in answer.stderr


def test_a_changed_config_is_refused_with_the_difference_and_nothing_is_lost(dlapps, run, tiny):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    changes = ("--set", "training.learning_rate=0.5", "--set", "seed=9")
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny, *changes)
    assert answer.exit_code == 2
    assert f"The run {run} was trained with another config:" in answer.stderr
    changed = {(line[0], line[1:].strip()) for line in answer.stderr.splitlines()[1:-1]}
    assert changed == {
        ("-", "seed: 0"),
        ("+", "seed: 9"),
        ("-", "learning_rate: 0.03"),
        ("+", "learning_rate: 0.5"),
    }
    assert "--run" in answer.stderr
    assert "--fresh" in answer.stderr
    after = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    assert before == after


def test_fresh_starts_over(dlapps, run, tiny):
    (run / "note.txt").write_text("of the run before")
    changes = ("--set", "training.steps=4", "--fresh")
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny, *changes, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["step"] == 4
    assert max(steps_of(run)) == 4
    assert not (run / "note.txt").exists()
    previous = run.with_name(f"{run.name}.previous")
    assert (previous / "note.txt").read_text() == "of the run before"
    assert max(steps_of(previous)) == 6


def test_fresh_refuses_a_folder_whose_config_is_not_a_run(dlapps, tmp_path, tiny):
    (tmp_path / "config.yaml").write_text("my: project\n")
    answer = dlapps("classification", "train", "xor_mlp", "--run", tmp_path, "--fresh", *tiny)
    assert answer.exit_code == 2
    assert (tmp_path / "config.yaml").read_text() == "my: project\n"


@pytest.mark.parametrize("options", [(), ("--fresh",)])
def test_a_folder_with_files_of_ones_own_is_left_alone(dlapps, tmp_path, tiny, options):
    (tmp_path / "thesis.txt").write_text("of the user")
    run = ("--run", tmp_path, *tiny, *options)
    answer = dlapps("classification", "train", "xor_mlp", *run)
    assert answer.exit_code == 2
    assert f"{tmp_path} is no run and holds other files, such as thesis.txt" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_missing_run_is_answered_with_the_nearest(dlapps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "runs/classification/xor_mlp/0"
    there.mkdir(parents=True)
    (there / "config.yaml").touch()
    answer = dlapps("classification", "evaluate", "runs/classification/xor_mpl/0")
    assert answer.exit_code == 2
    assert "did you mean runs/classification/xor_mlp/0?" in answer.stderr


@pytest.mark.parametrize("name", ["../elsewhere", "..", "", "/tmp/elsewhere"])
def test_an_export_stays_in_its_folder(dlapps, xor_run, tmp_path, name):
    options = ("--to", tmp_path / "models", "--name", name)
    answer = dlapps("classification", "export", xor_run, *options)
    assert answer.exit_code == 2
    assert f"'{name}' cannot name a model" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_never_began_may_still_change_its_config(dlapps, tmp_path, tiny):
    run = ("--run", tmp_path / "run", *tiny)
    path = ("--set", f"data.path={tmp_path}/nowhere")
    wrong = dlapps("classification", "train", "image_folder_lenet5", *run, *path)
    assert wrong.exit_code == 2
    assert f"{tmp_path}/nowhere" in wrong.stderr
    assert dlapps("classification", "train", "xor_mlp", *run).exit_code == 0


def test_a_tuple_in_a_spec_is_no_change_of_the_data(dlapps, run, tiny, monkeypatch):
    monkeypatch.setattr(LabelledSpec, "__post_init__", lambda self: None)
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert answer.exit_code == 0, answer.stderr


def test_data_that_changed_since_training_are_refused(dlapps, run, tiny):
    environment = json.loads((run / "environment.json").read_text())
    environment["data_fingerprints"]["train"] = "another"
    (run / "environment.json").write_text(json.dumps(environment))
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert answer.exit_code == 2
    assert f"The data of {run} have changed since its training began" in answer.stderr
    measured = dlapps("classification", "evaluate", run)
    assert measured.exit_code == 0
    assert "may be among those it learned from" in measured.stderr
    spec = json.loads((run / "data.json").read_text())
    (run / "data.json").write_text(json.dumps({**spec, "class_names": ["left", "right"]}))
    refused = dlapps("classification", "evaluate", run)
    assert refused.exit_code == 2
    assert "are no longer what it was trained on" in refused.stderr


def test_a_metric_that_is_not_measured_is_refused_before_training(dlapps, tmp_path, tiny):
    run = tmp_path / "run"
    monitor = ("--set", "training.monitor=acuracy")
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny, *monitor)
    assert answer.exit_code == 2
    assert "did you mean accuracy?" in answer.stderr
    assert not (run / "history.csv").exists()


def test_two_trainings_of_one_run_are_refused(dlapps, run, tiny):
    with sole_user(run):
        answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert answer.exit_code == 2
    assert answer.stderr == f"Another process is training {run}.\n"


def test_the_default_place_is_named_after_application_config_and_seed(
    dlapps, tiny, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    options = ("--set", "training.steps=1", "--set", "seed=5", "--json")
    answer = dlapps("classification", "train", "blobs_perceptron", *tiny, *options)
    assert answer.document["run"] == "runs/classification/blobs_perceptron/5"
    assert (tmp_path / "runs/classification/blobs_perceptron/5/model.keras").is_file()


def test_a_run_that_cannot_be_written_is_refused(dlapps, tiny, tmp_path):
    (tmp_path / "file").touch()
    answer = dlapps("classification", "train", "xor_mlp", "--run", tmp_path / "file/run", *tiny)
    assert answer.exit_code == 2
    assert re.fullmatch(rf"Cannot write to {tmp_path}/file/run: Not a directory\.\n", answer.stderr)


def test_numbers_drawn_while_data_are_prepared_change_no_weight(
    dlapps, run, tiny, tmp_path, monkeypatch
):
    build_data = Classification.build_data

    def draw_and_build(application):
        random.random()
        return build_data(application)

    monkeypatch.setattr(Classification, "build_data", draw_and_build)
    other = tmp_path / "other"
    assert dlapps("classification", "train", "xor_mlp", "--run", other, *tiny).exit_code == 0
    answers = [
        dlapps("classification", "predict", r, "1,1", "--json").document for r in (run, other)
    ]
    assert answers[0] == answers[1]

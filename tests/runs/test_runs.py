"""A run on disk: continued when it is the same, refused when it is not, never lost by accident."""

import json
import os
import random
import re
import shutil
from pathlib import Path
from unittest import mock

import pytest
from PIL import Image

from dlapps.applications.classification.application import Classification
from dlapps.files import sole_user
from dlapps.runs.run import Run
from dlapps.training.history import read_history


def steps_of(run: Path) -> list[int]:
    """The steps whose checkpoints are there and whole enough to have a manifest."""
    found = sorted((run / "checkpoints/training").glob("step-*/manifest.json"))
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


def test_runs_are_known_wherever_they_were_put(dlapps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "else where"
    for run in ("runs/pets", "runs/classification/xor_mlp/0", elsewhere / "xor_mlp/0"):
        Path(run).mkdir(parents=True)
        (Path(run) / "config.yaml").write_text("application: classification\n")
    (tmp_path / "runs/mine").mkdir()
    (tmp_path / "runs/mine/config.yaml").write_text("application: segmentation\n")
    (elsewhere / "notes").mkdir()
    (elsewhere / "notes/config.yaml").write_bytes(b"\xff")

    def refusal_of(run: object) -> str:
        answer = dlapps("classification", "evaluate", run)
        answer.assert_refused()
        assert "mine" not in answer.stderr
        assert "notes" not in answer.stderr
        return answer.stderr

    assert "did you mean runs/pets? " in refusal_of("runs/petz")
    mistyped = refusal_of(elsewhere / "xor_mpl/0")
    assert f"did you mean {elsewhere}/xor_mlp/0? " in mistyped
    assert "runs/classification/xor_mlp/0" in mistyped
    seedless = refusal_of("runs/classification/xor_mlp")
    assert "runs/classification/xor_mlp is not a run: it has no config.yaml; did " in seedless
    assert "else where" not in refusal_of("/nowhere/run")
    assert "did you mean runs/mine? " in dlapps("segmentation", "evaluate", "runs/mime").stderr


@pytest.mark.parametrize("setting", ["training.monitor=joy", "data={name: image_folder, path: x}"])
def test_a_first_start_that_fails_leaves_nothing_behind(dlapps, tiny, tmp_path, setting):
    before = tmp_path / "before"
    before.mkdir()
    for directory in (before / "one/two", before):
        options = ("--run", directory, *tiny, "--set", setting)
        dlapps("classification", "train", "xor_mlp", *options).assert_refused()
        assert [path.name for path in tmp_path.rglob("*") if path.name != ".lock"] == ["before"]


def test_what_was_learned_before_a_failure_is_kept(dlapps, tiny, tmp_path):
    failing = ("--set", "training.learning_rate=1e38", "--set", "training.log_every=1")
    options = (*tiny, *failing, "--set", "training.optimizer=sgd", "--set", "model={name: mlp}")
    run = tmp_path / "run"
    answer = dlapps("classification", "train", "rings_mlp", "--run", run, *options)
    assert answer.exit_code == 1
    assert "not finite" in answer.stderr
    assert (run / "history.csv").exists()


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
    assert f"{run}/model.keras is not the one that this run wrote" in answer.stderr
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


COMMANDS = (("evaluate",), ("predict", "1,1"), ("export",), ("explain",), ("explain", "1,1"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_unfinished_run_answers_with_its_best_weights_so_far_and_says_so(
    dlapps, tiny, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    longer = ("--set", "training.steps=60", "--set", "training.checkpoint_every=1")
    best = ("--set", "training.restore_best_weights=true", "--set", "training.validate_every=1")
    unfinished = train_until(dlapps, tmp_path / "run", 4, *tiny, *longer, *best)
    name, *inputs = command
    answer = dlapps("classification", name, unfinished, *inputs, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert f"The run {unfinished} has not finished training: it is at step 4 of 60" in answer.stderr
    assert "best weights so far, of step " in answer.stderr
    if command == ("explain",):
        assert "unfinished, at step 4" in (unfinished / "report.html").read_text()


def train_until(dlapps, run: Path, step: int, *options) -> Path:
    """A run that was stopped at a step."""

    def stop(self, config_name, on_step=None):
        return train(self, config_name, lambda at, row: at == step and os.kill(os.getpid(), 15))

    train = Run.train
    with mock.patch.object(Run, "train", stop):
        answer = dlapps("classification", "train", "xor_mlp", "--run", run, *options)
    assert answer.exit_code == 143, answer.stderr
    return run


def test_the_weights_of_an_unfinished_run_are_those_that_validated_best(dlapps, tiny, tmp_path):
    """With averaged weights, in another precision, and worse ones after the best."""
    options = (
        "training.steps=60", "training.checkpoint_every=2", "training.validate_every=2",
        "training.restore_best_weights=true", "training.learning_rate=2",
        "training.schedule.warmup_steps=50",
        "training.ema_momentum=0.5", "training.precision=mixed_bfloat16",
    )  # fmt: skip
    settings = [part for text in options for part in ("--set", text)]
    run = train_until(dlapps, tmp_path / "run", 24, *tiny, *settings)
    measured = dlapps("classification", "evaluate", run, "--json").document["validation"]
    rows = [row for row in read_history(run / "history.csv") if "validation_loss" in row]
    best = min(rows, key=lambda row: row["validation_loss"])
    assert best["step"] < 24, "the last are not the best"
    # The loop validated in bfloat16, the run answers in float32.
    found = measured["negative_log_likelihood"]
    assert found == pytest.approx(best["validation_loss"], rel=0.03)
    assert found != pytest.approx(rows[-1]["validation_loss"], rel=0.03)


def test_a_run_without_a_checkpoint_has_nothing_to_answer(dlapps, run):
    (run / "model.keras").unlink()
    shutil.rmtree(run / "checkpoints")
    answer = dlapps("classification", "evaluate", run)
    assert answer.exit_code == 2
    assert f"The run {run} has no checkpoint yet to answer from" in answer.stderr


def test_a_trained_model_is_not_replaced_because_its_checkpoints_broke(dlapps, run, tiny):
    for manifest in run.glob("checkpoints/*/*/manifest.json"):
        manifest.unlink()
    before = (run / "model.keras").read_bytes()
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert answer.exit_code == 2
    assert "has a trained model, but no whole checkpoint that training could go" in answer.stderr
    assert "There is no whole one before it" in answer.stderr
    assert "Using that" not in answer.stderr
    assert (run / "model.keras").read_bytes() == before


def test_more_steps_continue_a_finished_run(dlapps, tiny, tmp_path):
    run, whole = tmp_path / "run", tmp_path / "whole"
    constant = (*tiny, "--set", "training.schedule={name: constant}")
    dlapps("classification", "train", "xor_mlp", "--run", run, *constant)
    more = (*constant, "--set", "training.steps=9", "--json")
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *more)
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["step"] == 9
    assert "Continuing at step 6 of 9." in answer.stderr
    assert "steps: 9" in (run / "config.yaml").read_text()
    dlapps("classification", "train", "xor_mlp", "--run", whole, *more)
    answers = [
        dlapps("classification", "predict", each, "1,1", "--json").document for each in (run, whole)
    ]
    assert answers[0] == answers[1]


def test_fewer_steps_than_were_taken_are_refused_and_nothing_is_lost(dlapps, run, tiny):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    fewer = ("--set", "training.steps=4")
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny, *fewer)
    assert answer.exit_code == 2
    assert f"{run} has taken 6 steps, more than the 4 asked for now" in answer.stderr
    after = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    assert before == after


def test_a_setting_that_came_later_strands_no_run(dlapps, run, tiny):
    text = (run / "config.yaml").read_text()
    before, setting, after = text.rpartition("  precision: float32\n")
    assert "evaluation:" in before
    assert setting
    (run / "config.yaml").write_text(before + after)
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert answer.exit_code == 0, answer.stderr


@pytest.fixture
def moved(dlapps, tiny, tmp_path) -> tuple[Path, Path]:
    """A run on a folder of images, and where that folder lies now."""
    for name, shade in (("dark", 0), ("light", 200)):
        (tmp_path / "here" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("L", (9, 9), shade + number).save(tmp_path / "here" / name / f"{number}.png")
    path = ("--set", f"data.path={tmp_path}/here", "--set", "model={name: perceptron}")
    run = ("--run", tmp_path / "run", *tiny, *path)
    answer = dlapps("classification", "train", "image_folder_lenet5", *run)
    assert answer.exit_code == 0, answer.stderr
    (tmp_path / "here").rename(tmp_path / "there")
    return tmp_path / "run", tmp_path / "there"


def test_data_that_moved_are_found_where_they_are_said_to_be(dlapps, moved, tiny):
    run, there = moved
    assert dlapps("classification", "evaluate", run).exit_code == 2
    path = ("--set", f"data.path={there}")
    for command in ("evaluate", "explain"):
        answer = dlapps("classification", command, run, *path)
        assert answer.exit_code == 0, answer.stderr
    more = ("--set", "training.steps=8", "--set", "model={name: perceptron}", *path)
    answer = dlapps(
        "classification", "train", "image_folder_lenet5", "--run", run, *tiny, *more, "--json"
    )
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["step"] == 8


def test_other_data_than_those_trained_on_are_refused(dlapps, moved):
    run, there = moved
    Image.new("L", (9, 9), 77).save(there / "dark/0.png")
    answer = dlapps("classification", "evaluate", run, "--set", f"data.path={there}")
    assert answer.exit_code == 2
    assert f"not the data that {run} was trained on: their content differs" in answer.stderr


@pytest.mark.parametrize("setting", ["model.widths=[3]", "evaluation.precision=mixed_bfloat16"])
def test_a_run_keeps_its_other_settings(dlapps, xor_run, setting):
    answer = dlapps("classification", "evaluate", xor_run, "--set", setting)
    assert answer.exit_code == 2
    assert f"--set {setting}: a run that is there keeps its settings" in answer.stderr


def test_metrics_of_weights_that_are_no_more_are_forgotten(dlapps, run, tiny):
    dlapps("classification", "evaluate", run)
    dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert (run / "metrics.json").exists(), "nothing was learned"
    more = ("--set", "training.steps=8")
    dlapps("classification", "train", "xor_mlp", "--run", run, *tiny, *more)
    assert not (run / "metrics.json").exists()


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


@pytest.mark.parametrize("name", ["run[1]", "run?", "a*b/run", "run\\1"])
def test_a_path_that_tensorflow_takes_for_a_pattern_is_refused(dlapps, tmp_path, tiny, name):
    answer = dlapps("classification", "train", "xor_mlp", "--run", tmp_path / name, *tiny)
    assert answer.exit_code == 2
    assert f"TensorFlow cannot read from {tmp_path / name}" in answer.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [(), ("--fresh",)])
def test_a_folder_with_files_of_ones_own_is_left_alone(dlapps, tmp_path, tiny, options):
    (tmp_path / "thesis.txt").write_text("of the user")
    run = ("--run", tmp_path, *tiny, *options)
    answer = dlapps("classification", "train", "xor_mlp", *run)
    assert answer.exit_code == 2
    assert f"{tmp_path} is no run and holds other files, such as thesis.txt" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


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
    (run / "environment.json").write_text(json.dumps({**environment, "digests": {}}))
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

"""Suspects of a run: found, listed, drawn, and left out of the next one."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dlapps.applications.base import Application
from dlapps.applications.classification.application import Classification
from dlapps.data.selection import LEFT_OUT, fold_numbers
from dlapps.metrics.confident_learning import confident_learning
from dlapps.runs.folds import fold_cells
from dlapps.runs.trained import open_run
from dlapps.training.loop import told_nobody

FOLDS = 2
SMALL = ("--set", "model=mlp", "--set", "data.augmentation={}", "--set", "training.jit=false")


@pytest.fixture(scope="module")
def run(dlapps, tiny, tmp_path_factory) -> Path:
    """A run whose folds were trained, as `suspects` has processes do."""
    directory = tmp_path_factory.mktemp("runs") / "digits_lenet5" / "0"
    options = [*tiny, *SMALL, "--set", "data.num_train=300", "--set", "training.steps=20"]
    answer = dlapps("classification", "train", "digits_lenet5", "--run", directory, *options)
    assert answer.exit_code == 0, answer.stderr
    for cell in fold_cells(open_run("classification", directory), FOLDS):
        cell.finish(told_nobody)
    return directory


@pytest.fixture(scope="module")
def document(dlapps, run) -> dict:
    """What is found in that run with its folds."""
    return ask(dlapps, run, "--folds", FOLDS)


def ask(dlapps, run: Path, *options: object) -> dict:
    answer = dlapps("classification", "suspects", run, "--top", 5, "--json", *options)
    assert answer.exit_code == 0, answer.stderr
    return answer.document


def rows_of(document: dict) -> list[dict]:
    lines = Path(document["files"][0]).read_text().splitlines()
    return [*csv.DictReader(line for line in lines if not line.startswith("# "))]


def test_no_example_of_train_is_judged_by_a_run_that_saw_it(run, document):
    trained = open_run("classification", run)
    train = trained.data["train"]
    numbers = fold_numbers(len(train), FOLDS, seed=0)
    probabilities = np.empty((len(train), 10))
    for number in range(FOLDS):
        fold = open_run("classification", run / "folds" / f"0-fold{number}of{FOLDS}")
        assert not {*fold.data["train"].names} & {*train[numbers == number].names}
        classes = fold.application.classes(fold.load_spec())
        labels, answers = classes.probabilities(fold.model, fold.data, LEFT_OUT)
        np.testing.assert_array_equal(labels, train.columns["label"][numbers == number])
        probabilities[numbers == number] = answers
    found = confident_learning(train.columns["label"], probabilities).suspects
    listed = [row["example"] for row in rows_of(document) if row["split"] == "train"]
    assert listed == [name.decode() for name in train.names[found]]
    assert document["splits"]["train"] == {"num_examples": 300, "num_suspects": len(found)}


def test_asked_again_nothing_is_computed_anew(dlapps, run, document, monkeypatch):
    kept = run / "folds" / f"out_of_fold_{FOLDS}.npz"
    before = kept.stat().st_mtime_ns
    assert ask(dlapps, run, "--folds", FOLDS) == document
    assert kept.stat().st_mtime_ns == before
    kept.write_bytes(b"broken")
    assert ask(dlapps, run, "--folds", FOLDS) == document


def test_without_folds_they_are_the_mistakes_by_the_loss(dlapps, run, tmp_path):
    document = ask(dlapps, run, "--folds", 0, "--split", "test", "--to", tmp_path)
    trained = open_run("classification", run)
    accuracy = trained.application.evaluate(trained.model, trained.data, "test")["accuracy"]
    losses = [float(row["loss"]) for row in rows_of(document)]
    assert losses == sorted(losses, reverse=True)
    assert len(losses) == round((1 - accuracy) * 360)
    for row in document["suspects"]:
        assert row["loss"] == pytest.approx(-np.log(row["probability_of_given"]), abs=1e-2)
        assert row["given"] != row["likelier"]
    assert [path.suffix for path in map(Path, document["files"])] == [".csv", ".png"]


def test_the_list_is_what_the_next_run_leaves_out(dlapps, run, document, tiny, tmp_path):
    (listed, _) = document["files"]
    options = [*tiny, *SMALL, "--set", f"data.exclude={listed}"]
    cleaned = tmp_path / "cleaned"
    answer = dlapps("classification", "train", "digits_lenet5", "--run", cleaned, *options)
    assert answer.exit_code == 0, answer.stderr
    counts = json.loads((cleaned / "environment.json").read_text())["examples"]
    suspects = [row["split"] for row in rows_of(document)]
    assert counts["test"] == 360 - suspects.count("test")
    assert counts["train"] == 1257 - suspects.count("train")
    again = ask(dlapps, cleaned, "--folds", 0, "--to", tmp_path / "again")
    names = [row["example"] for row in rows_of(again)]
    assert {row["example"] for row in rows_of(document)} <= {*names}
    assert len(names) == len({*names})


def test_a_list_that_was_changed_is_kept(dlapps, run, document, tmp_path):
    options = ("--folds", 0, "--split", "test", "--to", tmp_path)
    ask(dlapps, run, *options)
    (tmp_path / "suspects.csv").write_text("example\nall/1\n")
    ask(dlapps, run, *options)
    assert (tmp_path / "suspects.previous.csv").read_text() == "example\nall/1\n"


def test_people_get_a_table(dlapps, run, document):
    answer = dlapps("classification", "suspects", run, "--folds", FOLDS, "--top", 3)
    head, *rows = answer.stdout.splitlines()
    assert head.split() == [
        "rank", "split", "example", "given", "likelier", "P(likelier)", "P(given)", "loss",
    ]  # fmt: skip
    assert [row.split()[2] for row in rows[:3]] == [
        each["example"] for each in document["suspects"][:3]
    ]
    assert "of 300 labels are suspect, by confident learning" in rows[3]


def test_folds_of_other_data_are_refused(dlapps, run, tmp_path):
    other = shutil.copytree(run, tmp_path / "other")
    (other / "folds" / f"out_of_fold_{FOLDS}.npz").unlink(missing_ok=True)
    path = other / "folds" / f"0-fold1of{FOLDS}" / "environment.json"
    environment = json.loads(path.read_text())
    environment["data_fingerprints"][LEFT_OUT] = "0" * 64
    path.write_text(json.dumps(environment))
    answer = dlapps("classification", "suspects", other, "--folds", FOLDS)
    answer.assert_refused(path.parent, "was trained on other data", "Remove")


def test_what_has_no_suspects_is_refused(dlapps, run, monkeypatch):
    fold = run / "folds" / f"0-fold0of{FOLDS}"
    dlapps("classification", "suspects", fold).assert_refused("leaves a fold out")
    dlapps("classification", "suspects", run, "--folds", 1).assert_refused("--folds 1 leaves")
    monkeypatch.setattr(Classification, "classes", Application.classes)
    dlapps("classification", "suspects", run).assert_refused(run, "tells no classes apart")

"""Runs that answer together, and those that cannot."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dlapps.applications.base import Application
from dlapps.applications.classification.application import Classification
from dlapps.metrics.classification import calibration_report
from dlapps.runs.trained import open_run


@pytest.fixture(scope="module")
def runs(dlapps, tiny, tmp_path_factory) -> list[Path]:
    """What compare leaves of a config and three seeds."""
    directory = tmp_path_factory.mktemp("runs")
    found = []
    for seed in range(3):
        run = directory / str(seed)
        options = ["--run", run, *tiny, "--set", f"seed={seed}", "--set", "training.steps=30"]
        assert dlapps("classification", "train", "xor_mlp", *options).exit_code == 0
        found.append(run)
    return found


def test_the_mean_of_the_members_is_measured(dlapps, runs):
    answer = dlapps("ensemble", *runs, "--json")
    assert answer.exit_code == 0, answer.stderr
    document, together = answer.document, answer.document["ensemble"]
    assert list(document["members"]) == [str(run) for run in runs]
    answers = []
    for run in runs:
        member = open_run("classification", run)
        classes = member.application.classes(member.load_spec())
        labels, probabilities = classes.probabilities(member.model, member.data, "test")
        answers.append(probabilities)
        report = calibration_report(labels, probabilities)
        assert document["members"][str(run)] == pytest.approx(
            {**report, "accuracy": np.mean(probabilities.argmax(axis=1) == labels)}
        )
    report = calibration_report(labels, np.mean(answers, axis=0))
    assert together.items() >= report.items()
    # By Jensen's inequality, whatever the members.
    name = "negative_log_likelihood"
    assert together[name] < document["mean_of_members"][name]
    assert together["mean_mutual_information"] > 0


def test_people_get_a_table(dlapps, runs):
    table = dlapps("ensemble", *runs).stdout
    assert table.startswith("| Run | Accuracy |")
    assert "| **ensemble of 3** |" in table
    assert "1,000 examples of the test split" in table


def test_members_may_be_asked_otherwise(dlapps, runs):
    scaled = ("--set", "evaluation.temperature_scaling=true")
    plain, warm = (dlapps("ensemble", *runs[:2], "--json", *o).document for o in ((), scaled))
    assert plain["members"] != warm["members"]


def test_one_run_is_no_ensemble_nor_is_it_twice(dlapps, runs):
    for members in ((runs[0],), (runs[0], runs[0])):
        dlapps("ensemble", *members).assert_refused("at least two members, each another run")


def test_what_cannot_be_put_together_is_refused(dlapps, runs, tmp_path):
    missing = tmp_path / "missing"
    dlapps("ensemble", missing, runs[0]).assert_refused(f"{missing} is not a run")
    dlapps("ensemble", runs[0], missing).assert_refused(f"There is no run {missing}")
    renamed = shutil.copytree(runs[1], tmp_path / "renamed")
    spec = json.loads((renamed / "data.json").read_text())
    (renamed / "data.json").write_text(json.dumps({**spec, "class_names": ["yes", "no"]}))
    environment = json.loads((renamed / "environment.json").read_text())
    (renamed / "environment.json").write_text(json.dumps({**environment, "digests": {}}))
    answer = dlapps("ensemble", runs[0], renamed)
    answer.assert_refused(renamed, "knows other classes", runs[0], "yes, no")


def test_another_test_split_is_refused(dlapps, runs, tmp_path):
    other = shutil.copytree(runs[1], tmp_path / "other")
    environment = json.loads((other / "environment.json").read_text())
    environment["data_fingerprints"]["test"] = "0" * 64
    (other / "environment.json").write_text(json.dumps(environment))
    dlapps("ensemble", runs[0], other).assert_refused(other, "has another test split")


def test_answers_that_are_no_classes_have_no_mean(dlapps, runs, monkeypatch):
    monkeypatch.setattr(Classification, "classes", Application.classes)
    dlapps("ensemble", *runs).assert_refused(runs[0], "answers are no classes")

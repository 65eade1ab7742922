"""What is drawn of a run's snapshots, and what is said where there are none."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure

from dlapps.explain.figures.png import message_figure
from dlapps.explain.over_time import OverTime
from dlapps.runs.over_time import draw_over_time, views_over_time
from dlapps.runs.trained import TrainedRun, open_run

NAMES = ["decision_regions_over_time", "confusion_matrix_over_time", "weights_over_time"]


@pytest.fixture(scope="module")
def filmed(dlapps, tiny, tmp_path_factory) -> Path:
    """A run of xor_mlp with a snapshot of steps 0, 3 and 6, to be looked at but not changed."""
    directory = tmp_path_factory.mktemp("runs") / "filmed"
    options = [*tiny, "--set", "training.snapshots=3"]
    answer = dlapps("classification", "train", "xor_mlp", "--run", directory, *options)
    assert answer.exit_code == 0, answer.stderr
    return directory


@pytest.fixture(scope="module")
def run(filmed) -> TrainedRun:
    return open_run("classification", filmed)


def test_the_weights_of_each_step_are_looked_at_and_not_put_into_the_trained_model(run):
    def weights(model: keras.Model) -> np.ndarray:
        return np.concatenate([weight.numpy().ravel() for weight in model.weights])

    trained, drawn = weights(run.model), {}

    def draw(steps: list[int], seen: list[np.ndarray]) -> Figure:
        drawn.update(zip(steps, seen, strict=True))
        return message_figure("seen")

    draw_over_time(run, {"view": OverTime(lambda: weights(run.past_model), draw)})
    assert list(drawn) == [0, 3, 6]
    np.testing.assert_array_equal(drawn[6], trained)
    assert all(np.any(drawn[step] != trained) for step in (0, 3))
    np.testing.assert_array_equal(weights(run.model), trained)


def test_validation_is_what_is_looked_at(run):
    confusion = views_over_time(run)["confusion_matrix_over_time"].look()
    labels = run.data["validation"].columns["label"]
    np.testing.assert_array_equal(confusion.sum(axis=1), np.bincount(labels))
    assert not np.array_equal(np.bincount(labels), np.bincount(run.data["test"].columns["label"]))


def test_the_report_moves_only_for_those_who_do_not_mind(dlapps, filmed):
    answer = dlapps("classification", "explain", filmed, "--json")
    assert answer.exit_code == 0, answer.stderr
    names = {Path(file).name for file in answer.document["files"]}
    assert names >= {f"{name}.png" for name in NAMES} | {"decision_regions_over_time.gif"}
    page = (filmed / "report.html").read_text()
    section = page[page.index("<h2>Over time") : page.index("<h2>Pictures")]
    assert section.count("data:image/gif;base64,") == 1
    assert (
        '<source media="(prefers-reduced-motion: reduce), print" srcset="data:image/png' in section
    )


def test_a_run_without_snapshots_says_how_to_have_them(dlapps, xor_run):
    ask = ("classification", "explain", xor_run, "--picture")
    dlapps(*ask, "weights_over_time").assert_refused(
        "weights_over_time can be drawn only of a run that was trained with --set "
        "training.snapshots=12",
        xor_run,
    )
    dlapps(*ask, "weights_over_tim").assert_refused("did you mean weights_over_time?")


def test_one_picture_over_time_is_drawn_alone(dlapps, filmed, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(filmed, directory, ignore=shutil.ignore_patterns("pictures"))
    ask = ("classification", "explain", directory, "--picture", "decision_regions_over_time")
    answer = dlapps(*ask, "--json")
    stem = f"{directory}/pictures/decision_regions_over_time"
    assert answer.document["files"] == [f"{stem}.png", f"{stem}.gif"]
    (directory / "snapshots" / "step-000000003.npz").write_bytes(b"cut")
    dlapps(*ask).assert_refused("step-000000003.npz is not what this program wrote")

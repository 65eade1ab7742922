"""Several configs with several seeds, side by side."""

import json
import shutil
from pathlib import Path

import pytest

from dlapps.metrics.intervals import estimate, paired_difference
from dlapps.runs.directory import read_config

CONFIGS = ("spirals_linear", "spirals_mlp")


@pytest.fixture(scope="module")
def runs(dlapps, tiny, tmp_path_factory) -> Path:
    """Two configs of the same data with two seeds each, trained and measured as any run is."""
    directory = tmp_path_factory.mktemp("runs")
    for config in CONFIGS:
        for seed in (0, 1):
            run = directory / "classification" / config / str(seed)
            options = ["--run", run, *tiny, "--set", f"seed={seed}"]
            assert dlapps("classification", "train", config, *options).exit_code == 0
            assert dlapps("classification", "evaluate", run).exit_code == 0
    return directory


@pytest.fixture(scope="module")
def document(dlapps, tiny, runs) -> dict:
    """What compare says of them."""
    answer = dlapps("compare", *CONFIGS, "--seeds", 2, "--runs", runs, *tiny, "--json")
    assert answer.exit_code == 0, answer.stderr
    return answer.document


def accuracies(runs: Path, config: str) -> dict[int, float]:
    return {
        seed: json.loads((runs / "classification" / config / str(seed) / "metrics.json")
                         .read_text())["test"]["accuracy"]
        for seed in (0, 1)
    }  # fmt: skip


def test_runs_that_are_there_are_reused_and_estimated(runs, document):
    for config, result in zip(CONFIGS, document["results"], strict=True):
        values = accuracies(runs, config)
        assert result["values"] == {str(seed): value for seed, value in values.items()}
        expected = estimate(list(values.values()))
        assert result["mean"] == expected.mean
        assert tuple(result["interval"]) == pytest.approx(expected.interval)
        assert (result["metric"], result["split"], result["method"]) == ("accuracy", "test", "t")


def test_the_difference_is_to_the_first_of_the_same_data(runs, document):
    first, second = document["results"]
    expected = paired_difference(*(accuracies(runs, config) for config in reversed(CONFIGS)))
    assert "difference" not in first
    assert second["difference"]["to"] == "spirals_linear"
    assert second["difference"]["mean"] == pytest.approx(expected.mean)


def test_what_the_runs_took_is_told(document):
    run = document["results"][1]["runs"]["0"]
    assert run["steps"] == 6
    assert run["parameters"] > 0
    assert run["seconds_of_steps"] > 0
    assert 2**27 < run["peak_memory"] < 2**36
    assert run["metrics"]["test"]["accuracy"] == document["results"][1]["values"]["0"]


def test_a_table_a_document_and_a_picture_are_written(dlapps, tiny, runs, tmp_path, document):
    to = tmp_path / "new" / "spirals.json"
    answer = dlapps("compare", *CONFIGS, "--seeds", 2, "--runs", runs, *tiny, "--to", to)
    assert answer.exit_code == 0, answer.stderr
    table = to.with_suffix(".md").read_text()
    assert answer.stdout == table
    assert "| `spirals_mlp` | Accuracy (test) |" in table
    assert "paired by seed" in table
    assert json.loads(to.read_text())["results"] == document["results"]
    for picture in ("spirals.png", "spirals_curves.png"):
        assert (to.parent / picture).read_bytes().startswith(b"\x89PNG")
        assert picture in answer.stderr


def test_one_seed_has_no_interval(dlapps, tiny, runs):
    answer = dlapps("compare", "spirals_mlp", "--seeds", 1, "--runs", runs, *tiny)
    assert answer.exit_code == 0
    assert "| one seed |" in answer.stdout
    assert "±" not in answer.stdout


def test_a_run_that_was_trained_otherwise_is_refused_before_anything_is_trained(dlapps, tiny, runs):
    options = ("--seeds", 3, "--runs", runs, *tiny, "--set", "training.learning_rate=0.5")
    answer = dlapps("compare", "spirals_mlp", *options)
    answer.assert_refused("was trained with another config", "learning_rate: 0.5")
    assert not (runs / "classification" / "spirals_mlp" / "2").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["spirals_nlp"], "did you mean spirals_mlp"),
        (["spirals_mlp", "spirals_mlp"], "named twice"),
        (["spirals_mlp", "--set", "seed=3"], "--seeds"),
        (["spirals_mlp", "--seeds", "0"], "--seeds"),
        (["spirals_mlp", "--set", "training.stepz=3"], "did you mean steps"),
        ([], "CONFIG"),
    ],
)
def test_wrong_use_is_refused(dlapps, tmp_path, arguments, named):
    dlapps("compare", *arguments, "--runs", tmp_path / "runs").assert_refused(named)
    assert not (tmp_path / "runs").exists()


def test_a_run_without_a_finite_figure_is_missing_and_hides_no_other(dlapps, tiny, runs, tmp_path):
    copied = tmp_path / "runs"
    shutil.copytree(runs, copied)
    metrics = copied / "classification" / "spirals_linear" / "1" / "metrics.json"
    measured = json.loads(metrics.read_text())
    measured["test"]["accuracy"] = None
    metrics.write_text(json.dumps(measured))
    command = ["compare", *CONFIGS, "--seeds", 2, "--runs", copied, *tiny]
    answer = dlapps(*command, "--json")
    assert answer.exit_code == 1
    assert list(answer.document["missing"]) == ["spirals_linear, seed 1"]
    first, second = answer.document["results"]
    assert list(first["values"]) == ["0"]
    assert list(second["values"]) == ["0", "1"]
    shown = dlapps(*command)
    assert shown.exit_code == 1
    assert "Missing, and not in these figures: spirals_linear, seed 1" in shown.stdout
    assert "1 of 4 runs are missing" in shown.stderr


def test_where_every_run_fails_each_says_why(dlapps, tmp_path):
    options = ["--seeds", 1, "--runs", tmp_path, "--set", "training.steps=2"]
    answer = dlapps("compare", "image_folder_lenet5", *options, "--set", "data.path=/nowhere")
    assert answer.exit_code == 1
    assert "image_folder_lenet5, seed 0: " in answer.stderr
    assert "/nowhere" in answer.stderr


def test_a_run_on_other_data_is_not_taken_for_one_that_is_there(runs, tiny):
    from dlapps.runs.cell import Cell

    directory = runs / "classification" / "spirals_mlp" / "0"
    text = (directory / "config.yaml").read_text()
    config = read_config("classification", text, "config.yaml")
    assert Cell("spirals_mlp", config, directory).is_finished()
    moved = config.model_copy(update={"data": config.data.model_copy(update={"path": Path("/b")})})
    assert not Cell("spirals_mlp", moved, directory).is_finished()


def test_folds_are_no_seeds(dlapps, tmp_path):
    answer = dlapps("compare", "isbi2012_unet", "--seeds", 3, "--runs", tmp_path)
    answer.assert_refused("isbi2012_unet is cross-validated")


def test_workers_that_train_together_are_refused(dlapps, tmp_path, monkeypatch):
    cluster = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    answer = dlapps("compare", *CONFIGS, "--runs", tmp_path)
    answer.assert_refused("TF_CONFIG names several workers")
    assert not list(tmp_path.iterdir())

"""Samples of dropout and a temperature, asked of a run that was trained without a word of them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.classification.uncertainty import best_temperature
from dlapps.errors import UsageError
from dlapps.runs.run import Run
from dlapps.runs.trained import open_run

SAMPLES = ("--set", "evaluation.monte_carlo_samples=8")
SCALED = ("--set", "evaluation.temperature_scaling=true")
POINTS = ("1,1", "0.1,-0.1")


@pytest.fixture(scope="module")
def trained(dlapps, tiny, tmp_path_factory) -> Path:
    """A run with dropout that is too sure of itself."""
    run = tmp_path_factory.mktemp("runs") / "0"
    settings = ("model.dropout=0.4", "training.steps=60", "training.learning_rate=0.1")
    options = [*tiny, *(part for text in settings for part in ("--set", text))]
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *options)
    assert answer.exit_code == 0, answer.stderr
    return run


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(trained, tmp_path / "xor_mlp" / "0"))


def evaluated(dlapps, run: Path, *options: str) -> dict:
    answer = dlapps("classification", "evaluate", run, "--json", *options)
    assert answer.exit_code == 0, answer.stderr
    return answer.document


def test_the_best_temperature_is_the_one_that_logits_were_multiplied_by():
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (20_000, 4))
    odds = np.exp(logits)
    labels = np.array([random.choice(4, p=row / row.sum()) for row in odds])
    for temperature in (0.5, 3.0):
        found = best_temperature(labels, logits[None] * temperature)
        assert found == pytest.approx(temperature, rel=0.05)
    # Samples that are all alike are as one.
    alike = np.repeat(logits[None] * 3, 4, axis=0)
    assert best_temperature(labels, alike) == pytest.approx(found, rel=1e-4)


def test_a_plain_evaluation_says_nothing_of_it(dlapps, run):
    measured = evaluated(dlapps, run)["test"]
    assert not [name for name in measured if "deterministic" in name or "temperature" in name]
    assert not (run / "calibration.json").exists()


def test_samples_are_told_beside_the_network_alone(dlapps, run):
    alone = evaluated(dlapps, run)["test"]
    sampled = evaluated(dlapps, run, *SAMPLES)["test"]
    for name in ("negative_log_likelihood", "expected_calibration_error"):
        assert sampled[f"deterministic_{name}"] == pytest.approx(alone[name], abs=1e-6)
        assert sampled[name] != pytest.approx(alone[name], abs=1e-4)
    assert sampled["monte_carlo_samples"] == 8
    information = sampled["mean_mutual_information"]
    assert 0 < information < sampled["mean_predictive_entropy"] < np.log(2)
    of_wrong, of_right = (sampled[f"mutual_information_of_{name}"] for name in ("wrong", "right"))
    assert min(of_wrong, of_right) < information < max(of_wrong, of_right)
    assert evaluated(dlapps, run, *SAMPLES)["test"] == sampled


@pytest.mark.parametrize("samples", [(), SAMPLES], ids=["alone", "sampled"])
def test_a_temperature_suits_validation_and_ranks_alike(dlapps, run, samples):
    before = evaluated(dlapps, run, *samples)
    after = evaluated(dlapps, run, *samples, *SCALED)
    name = "negative_log_likelihood"
    assert after["validation"][name] < before["validation"][name]
    assert after["test"]["temperature"] != pytest.approx(1, abs=0.01)
    if not samples:
        assert after["test"]["accuracy"] == before["test"]["accuracy"]
        alone = after["test"]["deterministic_expected_calibration_error"]
        assert alone == pytest.approx(before["test"]["expected_calibration_error"], abs=1e-6)


def test_the_temperature_is_that_of_the_validation_split(dlapps, run):
    found = evaluated(dlapps, run, *SCALED)["test"]["temperature"]
    plain = open_run("classification", run)
    classes = plain.application.classes(plain.load_spec())

    def best_on(split: str) -> float:
        labels, probabilities = classes.probabilities(plain.model, plain.data, split)
        return best_temperature(labels, np.log(probabilities)[None])

    assert found == pytest.approx(best_on("validation"), rel=1e-3)
    assert found != pytest.approx(best_on("test"), rel=1e-3)


def test_the_temperature_is_found_once_and_for_this_model_only(dlapps, run):
    evaluated(dlapps, run, *SCALED)
    file = run / "calibration.json"
    kept = json.loads(file.read_text())
    assert kept["values"].keys() == {"temperature"}
    file.write_text(json.dumps({**kept, "values": {"temperature": 7.0}}))
    assert evaluated(dlapps, run, *SCALED)["test"]["temperature"] == 7
    file.write_text(json.dumps({"model": "another", "values": {"temperature": 7.0}}))
    assert evaluated(dlapps, run, *SCALED)["test"]["temperature"] != 7
    assert json.loads(file.read_text()) == kept
    file.write_text("{")
    dlapps("classification", "evaluate", run, *SCALED).assert_refused(file, "delete it")


def test_a_temperature_that_cannot_be_kept_is_used_all_the_same(dlapps, run, monkeypatch):
    def refuse(self, name, contents):
        raise UsageError(f"{name} cannot be written.")

    monkeypatch.setattr(Run, "_write", refuse)
    plain = dlapps("classification", "predict", run, "1,1", "--json").document
    answer = dlapps("classification", "predict", run, "1,1", "--json", *SCALED)
    assert answer.document != plain
    assert "calibration.json cannot be written. It will be found again" in answer.stderr


def test_what_predict_says_is_what_is_served(dlapps, run, tmp_path):
    options = (*SAMPLES, *SCALED)
    records = dlapps("classification", "predict", run, *POINTS, "--json", *options).document
    (alone,) = dlapps("classification", "predict", run, POINTS[1], "--json", *options).document
    for name in ("predictive_entropy", "mutual_information"):
        assert alone[name] == pytest.approx(records[1][name], abs=1e-6)
    answer = dlapps("classification", "export", run, "--to", tmp_path, "--json", *options)
    assert answer.exit_code == 0, answer.stderr
    loaded = tf.saved_model.load(answer.document["saved_model"])
    points = tf.constant([[float(number) for number in text.split(",")] for text in POINTS])
    served = loaded.signatures["serving_default"](points=points)
    for name in ("predictive_entropy", "mutual_information"):
        np.testing.assert_allclose(served[name], [r[name] for r in records], atol=1e-6)
    probabilities = [list(record["probabilities"].values()) for record in records]
    np.testing.assert_allclose(served["probabilities"], probabilities, atol=1e-6)
    plain = dlapps("classification", "predict", run, *POINTS, "--json").document
    assert plain[0].keys() == {"input", "label", "probabilities"}
    assert plain[0]["probabilities"] != records[0]["probabilities"]


@pytest.mark.parametrize("form", ["onnx", "litert"])
def test_other_formats_hold_the_samples_too(dlapps, run, tmp_path, form):
    """Export compares each file's answers with the network's before it writes them."""
    options = ("--format", form, "--to", tmp_path, "--json", *SAMPLES, *SCALED)
    answer = dlapps("classification", "export", run, *options)
    assert answer.exit_code == 0, answer.stderr
    written = "".join(file.read_text() for file in Path(answer.document[form]).glob("*.json"))
    assert "mutual_information" in written


def test_the_command_line_shows_uncertainty_in_short(dlapps, run):
    line = dlapps("classification", "predict", run, "1,1", *SAMPLES).stdout
    assert "  predictive entropy: 0." in line
    assert len(line.rpartition("mutual information: ")[2].strip()) == len("0.1234")


def test_both_are_drawn_in_the_report(dlapps, run):
    answer = dlapps("classification", "explain", run, *SAMPLES, *SCALED, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert f"{run}/pictures/reliability.png" in answer.document["files"]


def test_a_config_may_ask_for_it_after_training_and_is_measured_anew(dlapps, tiny, run):
    settings = ("model.dropout=0.4", "training.steps=60", "training.learning_rate=0.1")
    options = [*tiny, *(part for text in settings for part in ("--set", text))]
    weights = (run / "model.keras").read_bytes()
    evaluated(dlapps, run)
    train = ("classification", "train", "xor_mlp", "--run", run, *options)
    assert dlapps(*train).exit_code == 0
    assert (run / "metrics.json").exists(), "nothing was changed"
    answer = dlapps(*train, *SAMPLES)
    assert answer.exit_code == 0, answer.stderr
    assert (run / "model.keras").read_bytes() == weights
    assert not (run / "metrics.json").exists()
    assert evaluated(dlapps, run)["test"]["monte_carlo_samples"] == 8


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("evaluation.monte_carlo_samples=1", "at least 2"),
        ("evaluation.monte_carlo_samples=-3", "greater than or equal to 0"),
        ("evaluation.temperature_scaling=warm", "valid boolean"),
    ],
)
def test_what_cannot_be_asked_is_refused(dlapps, xor_run, setting, named):
    answer = dlapps("classification", "evaluate", xor_run, "--set", setting)
    answer.assert_refused(setting.partition("=")[0], named)


def test_samples_of_a_network_without_dropout_are_refused_before_it_is_trained(
    dlapps, tiny, xor_run, tmp_path
):
    refused = "has no dropout to draw samples by"
    dlapps("classification", "evaluate", xor_run, *SAMPLES).assert_refused(refused)
    run = ("--run", tmp_path / "run")
    dlapps("classification", "train", "xor_mlp", *run, *tiny, *SAMPLES).assert_refused(refused)

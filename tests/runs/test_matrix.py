"""Runs are finished by processes that may be stopped, killed, refused or shared."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlapps.files import is_in_use, sole_user
from dlapps.runs.matrix import Matrix, matrix_of

SETTINGS = ("training.steps=40", "training.checkpoint_every=10", "training.validate_every=40")
CONFIGS = ("blobs_perceptron", "xor_mlp")


def compare_command(runs: Path, *options: object) -> list[str]:
    """All CONFIGS with two seeds; of an option that comes twice, the last counts."""
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    arguments = ["compare", *CONFIGS, "--seeds", "2", "--runs", runs, "--json", *settings, *options]
    return [sys.executable, "-m", "cli.main", *map(str, arguments)]


def run(runs: Path, *options: object) -> dict:
    """The document of a comparison in a process of its own."""
    answer = subprocess.run(
        compare_command(runs, *options), capture_output=True, text=True, timeout=300, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def stopped_by(number: signal.Signals, runs: Path) -> int:
    """The exit code of a comparison that got the signal when it had begun another run."""
    before = len(list(runs.glob("*/*/*/environment.json")))
    process = subprocess.Popen(
        compare_command(runs), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while len(list(runs.glob("*/*/*/environment.json"))) == before:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    return process.wait(timeout=60)


def figures(document: dict) -> dict:
    """What was measured: all but the time and the memory it took."""
    return {
        result["config"]: {
            key: result[key] for key in ("values", "mean", "interval", "metric", "parameters")
            if key in result
        }
        for result in document["results"]
    }  # fmt: skip


@pytest.mark.slow
def test_stopped_and_killed_and_continued_it_says_the_same(tmp_path):
    uninterrupted = run(tmp_path / "whole", "--jobs", 2)
    parts = tmp_path / "parts"
    assert stopped_by(signal.SIGTERM, parts) == 143
    assert stopped_by(signal.SIGKILL, parts) == -9
    assert figures(run(parts)) == figures(uninterrupted)


@pytest.mark.slow
def test_two_comparisons_share_the_work(tmp_path):
    process = subprocess.Popen(
        compare_command(tmp_path, "--seeds", 1),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    here = run(tmp_path, "--seeds", 1)
    assert json.loads(process.communicate(timeout=300)[0])["results"] == here["results"]
    assert process.returncode == 0


@pytest.mark.slow
def test_a_run_that_fails_is_named_and_stops_no_other(dlapps, tmp_path):
    broken = tmp_path / "nowhere.yaml"
    broken.write_text(
        "application: classification\ndata: {name: image_folder, path: /nowhere, "
        "image_size: [8, 8], batch_size: 4}\nmodel: mlp\ntraining: {steps: 2}\n"
    )
    answer = dlapps(
        "compare", broken, "xor_mlp", "--seeds", 1, "--runs", tmp_path,
        "--set", "training.steps=2",
    )  # fmt: skip
    assert answer.exit_code == 1
    assert "`xor_mlp`" in answer.stdout
    assert "Missing, and not in these figures: nowhere, seed 0: " in answer.stdout
    assert "1 of 2 runs are missing" in answer.stderr
    assert "nowhere, seed 0: " in answer.stderr


def cells(runs: Path, *names: str, settings: tuple[str, ...] = ()) -> list:
    from dlapps.config.files import find_any_config

    return matrix_of([find_any_config(name) for name in names], range(2), settings, runs)


def test_all_configs_of_a_seed_come_before_the_next(tmp_path):
    found = [(cell.config_name, cell.config.seed) for cell in cells(tmp_path, *CONFIGS)]
    assert found == [(name, seed) for seed in (0, 1) for name in CONFIGS]
    assert not any(cell.is_finished() for cell in cells(tmp_path, *CONFIGS))


def test_a_run_waits_for_what_it_builds_on(tmp_path):
    settings = (f"transfer.run={tmp_path}/classification/digits_lenet5/0",)
    waiting = cells(tmp_path, "digits_transfer", settings=settings)[0]
    needed = cells(tmp_path, "digits_lenet5")[0]
    assert Matrix([waiting, needed], 1)._needs_others(waiting)
    assert not Matrix([waiting], 1)._needs_others(waiting)


def test_a_run_that_another_process_holds_is_known(tmp_path):
    assert not is_in_use(tmp_path)
    with sole_user(tmp_path):
        assert is_in_use(tmp_path)
    assert not is_in_use(tmp_path)

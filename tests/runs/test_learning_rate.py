"""Finding a learning rate writes numbers and a picture, and leaves no run behind."""

import json
from pathlib import Path

import pytest

from dlapps.config.files import find_any_config, read_text
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config
from dlapps.runs.learning_rate import NUMBERS, PICTURE, find_learning_rate

QUICK = ("training.precision=float32", "training.jit=false")


def found(directory: Path, name: str = "xor_mlp", *changes: str, smallest=1e-5, steps=100) -> dict:
    application, file = find_any_config(name)
    config = read_config(application, read_text(file.path), name, [*QUICK, *changes])
    return find_learning_rate(config, name, directory, smallest, 10.0, steps)


@pytest.fixture(scope="module")
def of_xor(tmp_path_factory) -> tuple[Path, dict]:
    directory = tmp_path_factory.mktemp("runs") / "xor_mlp" / "0.learning_rate"
    return directory, found(directory)


def test_the_rates_are_near_one_that_works(of_xor):
    _, document = of_xor
    assert document["configured"] == 0.03
    assert 0.01 < document["at_steepest_descent"] < 1
    lowest = document["rates"][document["smoothed"].index(min(document["smoothed"]))]
    assert document["tenth_of_minimum"] == pytest.approx(lowest / 10)


def test_numbers_and_picture_are_all_that_is_left(of_xor):
    directory, document = of_xor
    assert document["files"] == [str(directory / name) for name in (NUMBERS, PICTURE)]
    left = {path.name for path in directory.parent.rglob("*") if not path.name.startswith(".")}
    assert left == {directory.name, NUMBERS, PICTURE}
    written = json.loads((directory / NUMBERS).read_text())
    assert written == {key: value for key, value in document.items() if key != "files"}
    assert (directory / PICTURE).read_bytes().startswith(b"\x89PNG")


def test_the_schedule_is_left_out_and_a_seed_gives_the_same(of_xor, tmp_path):
    _, document = of_xor
    schedule = "training.schedule={name: cosine, warmup_steps: 50}"
    again = found(tmp_path, "xor_mlp", schedule)
    assert again["losses"] == document["losses"]


def test_an_agent_is_refused(tmp_path):
    with pytest.raises(UsageError, match="An agent's batches follow from what it has learned"):
        found(tmp_path / "agent", "cartpole_dqn", "data.learning_starts=64")
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_not_written_into(xor_run):
    before = sorted(xor_run.rglob("*"))
    for directory in (xor_run, xor_run / "pictures"):
        with pytest.raises(UsageError, match=f"belongs to the run {xor_run}"):
            found(directory)
    assert sorted(xor_run.rglob("*")) == before


def test_what_cannot_be_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="cannot rise from 10 to 10"):
        found(tmp_path / "a", smallest=10.0)
    missing = f"transfer.run={tmp_path / 'nowhere'}"
    with pytest.raises(UsageError, match=r"transfer.run: .* is no finished run"):
        found(tmp_path / "b", "digits_transfer", missing)
    cluster = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", cluster)
    with pytest.raises(UsageError, match="A range test runs on one machine"):
        found(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []

"""`dlapps search` refuses what is wrong in one sentence, before anything is trained."""

import sys

import pytest

SPACE = ("--space", "training.learning_rate=1e-4..1e-2")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("xor_mpl", *SPACE), "There is no config xor_mpl; did you mean xor_mlp?"),
        (("xor_mlp",), "Missing option '--space'"),
        (("xor_mlp", *SPACE, "--trials", "0"), "0 is not in the range"),
        (("xor_mlp", "--space", "training.steps=5"), "--space training.steps=5 is neither a range"),
        (("xor_mlp", "--space", "a" * 5000), "there is no such file"),
        (("xor_mlp", "--space", "training.step=1..5"), "did you mean steps?"),
        (("xor_mlp", *SPACE, "--set", "model.width=1"), "--set model.width=1: model.width is no"),
    ],
)
def test_what_is_wrong_is_refused_by_name(dlapps, tmp_path, arguments, named):
    answer = dlapps("search", *arguments, "--to", tmp_path / "search")
    answer.assert_refused(named)
    assert list(tmp_path.iterdir()) == []


def test_without_optuna_the_extra_is_named(dlapps, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    answer = dlapps("search", "xor_mlp", *SPACE, "--to", tmp_path)
    answer.assert_refused("needs Optuna, which is not installed: pip install 'dlapps[search]'")
    assert len(answer.stderr.splitlines()) == 1


def test_several_machines_are_refused(dlapps, tmp_path, monkeypatch):
    cluster = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", cluster)
    answer = dlapps("search", "xor_mlp", *SPACE, "--to", tmp_path / "search")
    answer.assert_refused("A search trains on one machine, but TF_CONFIG names several.")


def test_the_default_place_is_named_after_application_and_config(dlapps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    short = ("--set", "training.steps=2", "--trials", 1, "--json")
    answer = dlapps("search", "classification/blobs_perceptron", *SPACE, *short)
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["config"] == "searches/classification/blobs_perceptron/best.yaml"
    assert answer.document["importance"] is None
    assert (tmp_path / answer.document["best"]["run"] / "model.keras").is_file()

"""`find-learning-rate` prints the rates to choose from, and refuses what is wrong in a sentence."""

import json

import pytest

QUICK = ("--steps", 40, "--set", "training.precision=float32", "--set", "training.jit=false")


def test_it_says_which_rate_is_which(dlapps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = dlapps("classification", "find-learning-rate", "xor_mlp", *QUICK)
    assert answer.exit_code == 0, answer.stderr
    *rates, numbers, picture = answer.stdout.splitlines()
    meanings = [line.partition(":")[0] for line in rates]
    assert meanings == [
        "rate at which the loss falls the fastest",
        "a tenth of the rate at which it is lowest",
        "rate in the config",
    ]
    assert numbers == "runs/classification/xor_mlp/0.learning_rate/learning_rate.json"
    assert (tmp_path / picture).is_file()
    document = json.loads((tmp_path / numbers).read_text())
    assert rates[0].endswith(f" {document['at_steepest_descent']:.2g}")
    assert rates[2].endswith(" 0.03")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("xor_mpl",), "no config xor_mpl, nor is there such a file; did you mean xor_mlp?"),
        (("xor_mlp", "--steps", 3), "3 is not in the range"),
        (("xor_mlp", "--largest", "nan"), "nan is no number"),
        (("xor_mlp", "--smallest", "0"), "is not in the range"),
        (("xor_mlp", "--set", "model.width=1"), "--set model.width=1: model.width is no"),
        (("digits_rbm",), "digits_rbm is a config of generation"),
    ],
)
def test_what_is_wrong_is_refused_by_name(dlapps, tmp_path, arguments, named):
    target = tmp_path / "found"
    answer = dlapps("classification", "find-learning-rate", *arguments, "--to", target)
    answer.assert_refused(named)
    assert list(tmp_path.iterdir()) == []

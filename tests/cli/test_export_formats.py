"""`export --format` on the command line: what it writes, and what it refuses."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

FORMATS = {"onnx": "serving_default.onnx", "litert": "serving_default.tflite"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_is_written_and_versions_count_up(name, dlapps, xor_run, tmp_path):
    for version in (1, 2):
        answer = dlapps(
            "classification", "export", xor_run, "--format", name, "--to", tmp_path, "--json"
        )
        assert answer.exit_code == 0, answer.stderr
        assert answer.document == {name: str(tmp_path / "xor_mlp" / f"{name}-{version}")}
    folder = Path(answer.document[name])
    assert {path.name for path in folder.iterdir()} == {FORMATS[name], "model.json"}
    told = json.loads((folder / "model.json").read_text())
    assert (told["application"], told["config"]) == ("classification", "xor_mlp")
    (output,) = told["signatures"][0]["outputs"]
    assert output["names"] == ["class 0", "class 1"]


def test_onnxruntime_answers_as_predict_does(dlapps, xor_run, tmp_path):
    options = ("--format", "onnx", "--to", tmp_path, "--json")
    folder = Path(dlapps("classification", "export", xor_run, *options).document["onnx"])
    session = onnxruntime.InferenceSession(str(folder / "serving_default.onnx"))
    (probabilities,) = session.run(
        ["probabilities"], {"points": np.array([[0.5, -1.2]], np.float32)}
    )
    (record,) = dlapps("classification", "predict", xor_run, "0.5,-1.2", "--json").document
    np.testing.assert_allclose(probabilities[0], list(record["probabilities"].values()), rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--quantize", "int8"], ["--quantize int8", "--format litert"]),
        (["--signature", "points"], ["--signature", "a SavedModel has all"]),
        (["--format", "onnx", "--quantize", "int8"], ["ONNX is written in floats"]),
        (["--format", "onnx", "--signature", "points"], ["points", "serving_default"]),
        (["--format", "tflite"], ["tflite", "litert"]),
        (["--format", "litert", "--quantize", "int4"], ["int4", "int8"]),
        (["--format", "litert", "--name", "a/b"], ["a/b", "no folders"]),
    ],
)
def test_what_cannot_be_is_refused(options, named, dlapps, xor_run, tmp_path):
    answer = dlapps("classification", "export", xor_run, "--to", tmp_path, *options)
    answer.assert_refused(*named)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_one_sentence(dlapps, xor_run, tmp_path, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find_spec(name)
    )
    answer = dlapps("classification", "export", xor_run, "--format", "onnx", "--to", tmp_path)
    answer.assert_refused("ONNX needs tf2onnx", "pip install '.[onnx]'")


def test_reduced_precision_is_refused(dlapps, tiny, tmp_path):
    run = tmp_path / "run"
    precision = ("--set", "evaluation.precision=mixed_bfloat16")
    trained = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny, *precision)
    assert trained.exit_code == 0, trained.stderr
    answer = dlapps("classification", "export", run, "--format", "litert", "--to", tmp_path / "to")
    answer.assert_refused("evaluation.precision", "float32")
    assert not (tmp_path / "to").exists()


def test_lenet_in_8_bits_decides_like_in_floats(dlapps, tmp_path):
    run = tmp_path / "run"
    steps = ("--set", "training.steps=100", "--set", "training.schedule.warmup_steps=10")
    trained = dlapps("classification", "train", "digits_lenet5", "--run", run, *steps)
    assert trained.exit_code == 0, trained.stderr
    options = ("--format", "litert", "--quantize", "int8", "--to", tmp_path, "--json")
    answer = dlapps("classification", "export", run, *options)
    assert answer.exit_code == 0, answer.stderr
    folder = Path(answer.document["litert"])
    assert folder.name == "litert-int8-1"
    (told,) = json.loads((folder / "model.json").read_text())["signatures"]
    compared = told["compared"]
    assert compared["rows"] == 180
    assert compared["equal_decisions"]["probabilities"] >= 0.98
    assert 0 < compared["largest_difference"]["probabilities"] < 0.2

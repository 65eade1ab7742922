"""A file of another format appears whole, compared and under a new version, or not at all."""

import importlib.util
import json

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.export import litert
from dlapps.export.answer import Answer
from dlapps.export.errors import ExportError
from dlapps.export.kinds import Kind
from dlapps.export.numeric import numeric_answers
from dlapps.export.other_formats import (
    LITERT,
    LITERT_INT8,
    ONNX,
    Splits,
    choose_format,
    write_other_format,
)
from dlapps.export.saved_model import write_saved_model

ABOUT = {"application": "tests"}


@pytest.fixture
def two_outputs():
    """An answer whose outputs' names are in another order than the alphabet's."""
    weight = tf.Variable([[1.0, -2.0], [0.5, 3.0], [4.0, 1.0]])
    inputs = np.random.default_rng(0).uniform(-1, 1, (4, 3)).astype(np.float32)
    products = inputs @ weight.numpy()
    return Answer(
        {"vector": tf.TensorSpec([None, 3], tf.float32)},
        lambda vector: {"second": vector @ weight, "first": tf.reduce_sum(vector @ weight, -1)},
        lambda: ({"vector": inputs}, {"second": products, "first": products.sum(-1)}),
        input_kinds={"vector": Kind("numbers", "three numbers")},
        output_kinds={"second": Kind("numbers", "two sides", {"names": ["left", "right"]})},
        rows=lambda rows: [{"vector": rows}],
    )


@pytest.mark.parametrize("chosen", [ONNX, LITERT], ids=["onnx", "litert"])
def test_a_file_answers_by_the_names_of_its_description(chosen, two_outputs, tmp_path):
    folder = write_other_format(tmp_path / "model", {"both": two_outputs}, chosen, ABOUT)
    assert folder == tmp_path / "model" / f"{chosen.kind}1"
    description = json.loads((folder / "model.json").read_text())
    assert description["application"] == "tests"
    (told,) = description["signatures"]
    assert told["inputs"] == [
        {"name": "vector", "shape": [chosen.num_rows, 3], "dtype": "float32",
         "kind": "numbers", "description": "three numbers"}
    ]  # fmt: skip
    outputs = {output["name"]: output for output in told["outputs"]}
    assert outputs["second"]["names"] == ["left", "right"]
    assert outputs["second"]["shape"] == [chosen.num_rows, 2]
    inputs, expected = two_outputs.example()
    found = chosen.load(folder / told["file"])(inputs)
    assert found.keys() == outputs.keys() == expected.keys()
    for name, wanted in expected.items():
        np.testing.assert_allclose(found[name], wanted, rtol=1e-5, atol=1e-6)
        assert told["compared"]["largest_difference"][name] <= 1e-5


def test_an_onnx_file_takes_any_number_of_rows_with_onnxruntime_alone(two_outputs, tmp_path):
    folder = write_other_format(tmp_path, {"both": two_outputs}, ONNX, ABOUT)
    session = onnxruntime.InferenceSession(str(folder / "both.onnx"))
    inputs, expected = two_outputs.example()
    (first,) = session.run(["first"], {"vector": inputs["vector"][:1]})
    np.testing.assert_allclose(first, expected["first"][:1], rtol=1e-5)


@pytest.mark.parametrize("chosen", [ONNX, LITERT], ids=["onnx", "litert"])
def test_versions_count_up_beside_those_of_the_saved_model(chosen, one_number, tmp_path):
    answers = {"serving_default": one_number}
    (tmp_path / f"{chosen.kind}6").mkdir()
    assert write_other_format(tmp_path, answers, chosen, ABOUT).name == f"{chosen.kind}7"
    assert write_saved_model(tmp_path, answers).name == "1"
    assert write_other_format(tmp_path, answers, chosen, ABOUT).name == f"{chosen.kind}8"
    assert not any(folder.name.isdecimal() for folder in tmp_path.glob(f"{chosen.kind}*"))


@pytest.mark.parametrize("chosen", [ONNX, LITERT], ids=["onnx", "litert"])
def test_a_file_that_answers_otherwise_is_refused_and_leaves_nothing(chosen, one_number, tmp_path):
    evidence = ({"number": np.array([1.0, 3.0])}, {"double": np.array([2.0, 6.25])})
    wrong = one_number._replace(example=lambda: evidence)
    with pytest.raises(ExportError, match=r"'double' of signature 'twice' .* 0\.25"):
        write_other_format(tmp_path / "new" / "model", {"twice": wrong}, chosen, ABOUT)
    assert list(tmp_path.iterdir()) == []


def drawing(number):
    seeds = tf.stack([tf.cast(tf.size(number), tf.int32), 0])
    return {"double": 2.0 * number + 0.0 * tf.random.stateless_normal([1], seeds)}


def spectrum(number):
    return {"double": 2.0 * number + 0.0 * tf.abs(tf.signal.rfft(number, [2]))[0]}


@pytest.mark.parametrize(
    ("chosen", "function", "why"),
    [
        (ONNX, drawing, "draws random numbers"),
        (LITERT, drawing, "draws random numbers"),
        (ONNX, spectrum, "spectrum of a waveform"),
        (LITERT_INT8, spectrum, "too far apart for 8 bits"),
    ],
)
def test_what_a_format_cannot_hold_is_said_and_the_rest_is_written(
    chosen, function, why, one_number, tmp_path, caplog
):
    one_number = one_number._replace(rows=lambda rows: [{"number": rows}])
    answers = {"cannot": one_number._replace(function=function), "can": one_number}
    rows = np.linspace(-1, 1, 50, dtype=np.float32)
    splits = Splits(rows, rows) if chosen is LITERT_INT8 else None
    folder = write_other_format(tmp_path, answers, chosen, ABOUT, splits=splits)
    assert {path.stem for path in folder.iterdir()} == {"can", "model"}
    assert f"Signature cannot cannot be {chosen.title}" in caplog.text
    assert why in caplog.text
    with pytest.raises(UsageError, match=why):
        write_other_format(tmp_path, answers, chosen, ABOUT, signature="cannot", splits=splits)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize("chosen", [ONNX, LITERT], ids=["onnx", "litert"])
def test_what_no_rule_foresaw_is_refused_in_a_sentence(chosen, one_number, tmp_path):
    odd = one_number._replace(function=lambda number: {"double": tf.math.bessel_i0e(number)})
    with pytest.raises(UsageError, match=f"Signature odd cannot be {chosen.title}: ") as error:
        write_other_format(tmp_path, {"odd": odd}, chosen, ABOUT)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_strings_stay_behind(answers):
    numbers = numeric_answers({"alias": answers["pixels"], **answers})
    assert numbers.keys() == {"pixels"}
    assert numbers["pixels"].example()[1].keys() == {"probabilities"}


def test_nothing_but_strings_is_refused(tmp_path):
    with pytest.raises(UsageError, match="every answer takes strings"):
        write_other_format(tmp_path, {}, ONNX, ABOUT)


def test_an_unknown_signature_names_the_others(one_number, tmp_path):
    with pytest.raises(UsageError, match="did you mean twice"):
        write_other_format(tmp_path, {"twice": one_number}, ONNX, ABOUT, signature="twise")


def test_8_bits_are_measured_on_the_validation_split(two_outputs, tmp_path):
    random = np.random.default_rng(1)
    train, validation = random.uniform(-1, 1, (2, 300, 3)).astype(np.float32)
    splits = Splits(train, validation)
    folder = write_other_format(tmp_path, {"both": two_outputs}, LITERT_INT8, ABOUT, splits=splits)
    (told,) = json.loads((folder / "model.json").read_text())["signatures"]
    found = litert.load(folder / told["file"])({"vector": validation})
    expected = two_outputs.function(tf.constant(validation))["second"].numpy()
    assert 1e-4 < told["compared"]["largest_difference"]["second"] < 0.5
    np.testing.assert_allclose(
        told["compared"]["largest_difference"]["second"],
        np.abs(found["second"] - expected).max(), rtol=1e-6,
    )  # fmt: skip
    equal = (found["second"].argmax(-1) == expected.argmax(-1)).mean()
    assert told["compared"]["equal_decisions"] == {"second": equal}
    assert told["compared"]["rows"] == 300


def test_8_bits_fitted_to_other_numbers_are_refused(two_outputs, tmp_path):
    rows = np.random.default_rng(1).uniform(-1, 1, (300, 3)).astype(np.float32)
    with pytest.raises(ExportError, match=r"decides like the model in .*95% are asked for"):
        write_other_format(
            tmp_path, {"both": two_outputs}, LITERT_INT8, ABOUT,
            splits=Splits(rows / 1000, rows),
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_one_sentence(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find_spec(name)
    )
    with pytest.raises(UsageError, match=r"ONNX needs tf2onnx: .*pip install '\.\[onnx\]'"):
        choose_format("onnx", None)
    assert choose_format("litert", None) is LITERT


def test_onnx_in_8_bits_is_refused():
    with pytest.raises(UsageError, match="int8 goes with --format litert"):
        choose_format("onnx", "int8")
    assert choose_format("litert", "int8") is LITERT_INT8

"""What the gate before an export lets through, and how it names what it refuses."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.export.answer import Answer
from dlapps.export.errors import ExportError
from dlapps.export.parity import check_parity

EXPECTED = {
    "score": np.array([1.0, np.inf]),
    "count": np.array([3, 2**60 + 1]),
    "word": np.array(["ä", "b\0"], dtype=object),
    "sure": np.array([True, False]),
}


def constants(number):
    return {
        "score": tf.constant([1.0, np.inf]) + 0 * number,
        "count": tf.constant([3, 2**60 + 1], tf.int64),
        "word": tf.constant(["ä", "b\0"]),
        "sure": tf.constant([True, False]),
    }


ZERO = {"number": tf.constant(0.0)}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("constants")
    number = tf.TensorSpec([], tf.float32, "number")
    function = tf.function(constants, input_signature=[number])
    tf.saved_model.save(tf.Module(), str(path), signatures={"all": function})
    return path


def check(directory, tolerance=1e-5, **changes):
    check_parity(directory, {"all": ZERO}, {"all": {**EXPECTED, **changes}}, tolerance)


def test_equal_outputs_of_every_type_pass(directory):
    check(directory)


@pytest.mark.parametrize(
    ("output", "value", "message"),
    [
        ("score", np.array([1.001, np.inf]), r"by up to 0\.001"),
        ("score", np.array([1.0, 5.0]), "by up to inf"),
        ("score", np.array([[1.0, np.inf]]), r"shape \(2,\), but the Keras model gave \(1, 2\)"),
        ("score", np.array([1, 2]), "is float32, but the Keras model gave int64"),
        ("count", np.array([3, 2**60]), "in 1 of 2 values, first 1152921504606846977 instead"),
        ("word", np.array(["a", "b\0"], dtype=object), "first 'ä' instead of 'a'"),
        ("word", np.array(["ä", "b"], dtype=object), "in 1 of 2 values"),
        ("sure", np.array([True, True]), "first False instead of True"),
    ],
)
def test_a_difference_is_named(directory, output, value, message):
    with pytest.raises(ExportError, match=f"Output '{output}' of signature 'all' .*({message})"):
        check(directory, **{output: value})


def test_the_tolerance_is_absolute_and_relative(directory):
    close = np.array([1.0001, np.inf])  # 1e-5 + 1e-4 * 1.0001
    check(directory, score=close)
    with pytest.raises(ExportError):
        check(directory, tolerance=1e-6, score=close)
    check(directory, tolerance=1e-2, score=np.array([1.1, np.inf]))


def test_a_missing_or_misnamed_output_is_refused(directory):
    names = {name: value for name, value in EXPECTED.items() if name != "sure"}
    expected = {**names, "certain": EXPECTED["sure"]}
    with pytest.raises(ExportError, match=r"'sure'.*'certain'"):
        check_parity(directory, {"all": ZERO}, {"all": expected})


def test_nan_is_refused_even_where_it_was_expected(directory):
    expected = {**EXPECTED, "score": np.array([np.nan, np.nan])}
    with pytest.raises(ExportError, match="'score' of signature 'all' contains NaN"):
        check_parity(directory, {"all": {"number": tf.constant(np.nan)}}, {"all": expected})


def test_an_example_that_the_graph_cannot_read_is_named(tmp_path):
    @tf.function(input_signature=[tf.TensorSpec([], tf.string, "encoded")])
    def decode(encoded):
        return {"image": tf.io.decode_png(encoded)}

    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={"decode": decode})
    inputs = {"decode": {"encoded": tf.constant(b"no png")}}
    with pytest.raises(ExportError, match="'decode' fails on its example"):
        check_parity(tmp_path, inputs, {"decode": {"image": np.zeros([1, 1, 3], np.uint8)}})


@pytest.mark.parametrize("name", ["", "image bytes", "image/bytes"])
def test_an_input_that_cannot_be_called_by_name_is_refused(name):
    answer = Answer({name: tf.TensorSpec([], tf.float32)}, constants, lambda: ({}, {}))
    with pytest.raises(ValueError, match=f"{name!r} is no identifier"):
        answer.traced()

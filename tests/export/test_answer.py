"""What a person asks goes through the exported function; what cannot be answered is named."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.export.answer import Answer, ask
from dlapps.export.saved_model import write_saved_model


def number_of(text: str):
    """One row for a number, three for a range, nothing for what is neither."""
    if text.startswith("range"):
        return {"number": np.arange(3.0)}
    return {"number": np.array([float(text)])} if text[0].isdigit() else None


def show(text, outputs, directory, name):
    (directory / name).touch()
    return {"root": outputs["root"].tolist()}


@tf.function
def root(number):
    with tf.control_dependencies([tf.debugging.assert_less(number, 100.0)]):
        return {"root": tf.sqrt(number)}


ROOT = Answer(
    {"number": tf.TensorSpec([None], tf.float32)},
    root,
    lambda: ({"number": np.array([4.0])}, {"root": np.array([2.0])}),
    number_of,
    show,
    "a number below 100",
)
LENGTH = Answer(
    {"word": tf.TensorSpec([None], tf.string)},
    lambda word: {"length": tf.strings.length(word)},
    lambda: ({"word": np.array([b"ab"], object)}, {"length": np.array([2])}),
    lambda text: {"word": np.array([text.encode()], object)} if text.isalpha() else None,
    lambda text, outputs, directory, name: {"length": int(outputs["length"][0])},
    "a word",
)
ANSWERS = {"root": ROOT, "length": LENGTH}


@pytest.mark.parametrize("at_once", [1, 2, 64])
def test_each_text_is_answered_by_what_takes_it_however_many_go_together(tmp_path, at_once):
    answers = {"length": LENGTH, "root": ROOT._replace(at_once=at_once)}
    records = ask(answers, ["4", "abc", "range:3", "9"], tmp_path)
    assert [record["input"] for record in records] == ["4", "abc", "range:3", "9"]
    assert records[0]["root"] == [2.0]
    assert records[1]["length"] == 3
    np.testing.assert_allclose(records[2]["root"], [0, 1, 2**0.5], rtol=1e-6)
    assert records[3]["root"] == [3.0]


def test_the_one_to_blame_is_named_and_nothing_is_written(tmp_path):
    with pytest.raises(UsageError, match=r"^400 is not a number below 100\.$"):
        ask(ANSWERS, ["4", "400", "9"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_takes_is_refused_with_all_that_is_taken(tmp_path):
    with pytest.raises(UsageError, match=r"'\?' is nothing .* a number below 100, or a word"):
        ask(ANSWERS, ["4", "?"], tmp_path)


def test_an_answer_that_no_text_asks_for_is_never_chosen(tmp_path):
    silent = LENGTH._replace(read=None, show=None)
    with pytest.raises(UsageError, match=r"it takes a number below 100\."):
        ask({"length": silent, "root": ROOT}, ["abc"], Path(tmp_path))


def test_no_rows_are_answered_with_none_and_other_shapes_refused(tmp_path):
    """Though the graph itself could not reduce no rows, and would take any shape."""
    pixels = np.arange(8.0, dtype=np.float32).reshape(2, 4)

    def function(pixels):
        brightest = tf.reduce_max(pixels) + tf.math.reduce_sum(pixels, axis=1)
        tf.debugging.assert_positive(tf.shape(pixels)[0])
        copies = tf.stack([brightest, brightest], axis=1)
        return {"name": tf.strings.as_string(brightest), "copies": copies}

    expected = {name: value.numpy() for name, value in function(tf.constant(pixels)).items()}
    answer = Answer(
        {"pixels": tf.TensorSpec([None, 4], tf.float32)},
        function,
        lambda: ({"pixels": pixels}, expected),
    )
    exported = write_saved_model(tmp_path / "model", {"serving_default": answer})
    serve = tf.saved_model.load(str(exported)).signatures["serving_default"]
    outputs = serve(pixels=tf.zeros([0, 4]))
    assert outputs["name"].shape == [0]
    assert outputs["copies"].shape == [0, 2]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[2,5\] is not compatible with"):
        serve(pixels=tf.zeros([2, 5]))

"""What a person asks goes through the exported function; what cannot be answered is named."""

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


@pytest.mark.parametrize("at_once", [1, 2, 64])
def test_the_ones_to_blame_are_named_and_the_others_answered(tmp_path, at_once):
    answers = {"root": ROOT._replace(at_once=at_once), "length": LENGTH}
    records = ask(answers, ["4", "400", "?", "abc", "9"], tmp_path)
    assert records == [
        {"input": "4", "root": [2.0]},
        {"input": "400", "error": "400 is not a number below 100."},
        {
            "input": "?",
            "error": "'?' is nothing this run can answer; it takes a number below 100, or a word.",
        },
        {"input": "abc", "length": 3},
        {"input": "9", "root": [3.0]},
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["4", "9"]


def test_no_more_is_read_than_is_answered_at_once(tmp_path):
    """A folder of a million photos fits into memory."""
    events = []

    def read(text):
        events.append("read")
        return number_of(text)

    def show_it(text, outputs, directory, name):
        events.append("shown")
        return {}

    answers = {"root": ROOT._replace(read=read, show=show_it, at_once=2)}
    ask(answers, ["1", "4", "9", "16", "25"], tmp_path)
    assert events == (["read"] * 2 + ["shown"] * 2) * 2 + ["read", "shown"]


def test_an_answer_that_no_text_asks_for_is_never_chosen(tmp_path):
    silent = LENGTH._replace(read=None, show=None)
    (record,) = ask({"length": silent, "root": ROOT}, ["abc"], tmp_path)
    assert record["error"].endswith("it takes a number below 100.")


def test_files_that_cannot_be_written_end_it(tmp_path):
    def fail(text, outputs, directory, name):
        raise UsageError(f"Cannot write to {directory}.")

    with pytest.raises(UsageError, match="Cannot write"):
        ask({"root": ROOT._replace(show=fail)}, ["4"], tmp_path)


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

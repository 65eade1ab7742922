"""A space says what each setting may be; one that says it wrongly is refused by name."""

import re
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlapps.config.search_space import read_space
from dlapps.errors import UsageError


def only(text: str):
    (dimension,) = read_space([f"model.x={text}"]).values()
    return dimension


def refusal(*given: str) -> str:
    with pytest.raises(UsageError) as error:
        read_space(given)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "low", "high", "is_log", "step"),
    [
        ("1e-4..1e-2", 1e-4, 1e-2, True, None),
        ("0.1..0.5", 0.1, 0.5, False, None),
        ("1..10", 1, 10, True, None),
        ("0..0.5", 0, 0.5, False, None),
        ("-3..-1", -3, -1, False, None),
        ("64..512 linear", 64, 512, False, None),
        ("2..5 log", 2, 5, True, None),
        ("16..100 step 16", 16, 96, False, 16),
        ("0..0.3 step 0.1", 0, pytest.approx(0.3), False, 0.1),
    ],
)
def test_a_range_has_ends_and_a_scale(text, low, high, is_log, step):
    found = only(text)
    assert (found.low, found.high, found.is_log, found.step) == (low, high, is_log, step)
    assert not found.choices


def test_choices_are_values_as_they_were_written():
    assert only("relu|tanh").choices == ("relu", "tanh")
    assert only("[32, 32] | [64]").choices == ("[32, 32]", "[64]")


def test_a_file_holds_the_same_flat_or_nested(tmp_path):
    file = tmp_path / "space.yaml"
    file.write_text(
        "training.learning_rate: 1e-4..1e-2\n"
        "training: {optimizer: {name: adam|sgd}}\n"
        "model: {widths: [[32, 32], [64]], dropout: 0..0.5}\n"
        "data.batch_size: [16, 32]\n"
    )
    space = read_space([str(file), "model.dropout=0.1..0.2"])
    assert [*space] == [
        "data.batch_size", "model.dropout", "model.widths", "training.learning_rate",
        "training.optimizer.name",
    ]  # fmt: skip
    assert space["data.batch_size"].choices == ("16", "32")
    assert space["model.widths"].choices == ("[32, 32]", "[64]")
    assert space["training.learning_rate"].is_log
    assert space["model.dropout"].high == 0.2, "the last counts"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("64", "is neither a range such as 1e-4..1e-2, .* A single value is given with --set"),
        ("1..", "'' is no number"),
        ("one..2", "'one' is no number"),
        ("0..inf", "'inf' is no number"),
        ("nan..1", "'nan' is no number"),
        ("5..1", "its first end must be smaller than its second"),
        ("1..1", "its first end must be smaller than its second"),
        ("0..1 log", "has no log scale: both its ends must be above 0"),
        ("1..9 cubic", "does not end in log, linear or step NUMBER"),
        ("1..9 step", "does not end in log, linear or step NUMBER"),
        ("1..9 step 10", "has no such step: it must be in 0..8"),
        ("1..9 step -1", "has no such step"),
        ("1..9 log step 2", "is neither a range"),
        ("relu|", "is no choice: give at least two values"),
        ("relu|relu", "each of them once"),
        ("", "is neither a range"),
    ],
)
def test_what_is_no_range_and_no_choice_is_refused_by_name(text, named):
    said = refusal(f"model.x={text}")
    assert said.startswith(f"--space model.x={text}")
    assert re.search(named, said)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("nowhere.yaml", "--space nowhere.yaml: there is no such file, and it is not of the form"),
        ("=1..2", "is not of the form KEY="),
        ("seed=0..9", "seed cannot be searched: the luckiest seed makes no better config"),
        ("training.monitor=loss|accuracy", "training.monitor cannot be searched"),
        ("data={name: xor}|{name: rings}", "data.name cannot be searched"),
    ],
)
def test_what_cannot_be_searched_is_refused(given, named):
    assert named in refusal(given)


def test_a_section_and_a_setting_of_it_are_refused_together():
    said = refusal("model=mlp|perceptron", "model.dropout=0..0.5")
    assert "model.dropout lies in model, which is in the space, too" in said


@pytest.mark.parametrize(
    ("contents", "named"),
    [
        ("model.dropout: 0.5", "space.yaml: model.dropout: 0.5 is neither a range"),
        ("model.dropout: 5..1", "space.yaml: model.dropout: 5..1 is no range"),
        ("model.widths: [[8]]", "space.yaml: model.widths is no choice"),
        ("{}", "The space is empty"),
        ("- 1", "holds no 'key: value' lines"),
        ("a: [", "is not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_key(tmp_path, contents, named):
    (tmp_path / "space.yaml").write_text(contents)
    assert named in refusal(str(tmp_path / "space.yaml"))


def test_a_setting_that_takes_whole_numbers_only_gets_them():
    trial = mock.Mock()
    trial.suggest_int.return_value = 1
    trial.suggest_float.return_value = 0.123456
    count = only("0..1").for_setting(lambda text: float(text).is_integer())
    share = only("0..1").for_setting(lambda text: True)
    assert count.suggested_by(trial, "model.x") == "1"
    assert share.suggested_by(trial, "model.x") == "0.1235"
    trial.suggest_int.assert_called_once_with("model.x", 0, 1, step=1, log=False)
    trial.suggest_float.assert_called_once_with("model.x", 0, 1, step=None, log=False)


def test_rounding_does_not_leave_the_range():
    found = only("0.12345..0.56789")
    assert found.text(0.56789) == "0.56789"
    assert found.text(0.123451) in ("0.1235", "0.12345")
    assert found.text(0.333333) == "0.3333"


@pytest.mark.parametrize(
    "text", ["1e-4..1e-2", "1..10", "0..0.5", "16..96 step 16", "relu|tanh", "0.12345678..2"]
)
def test_a_dimension_is_written_as_it_is_read(text):
    found = only(text)
    again = only(found.written())
    assert (again.low, again.high, again.is_log, again.step, again.choices) == (
        found.low, found.high, found.is_log, found.step, found.choices,
    )  # fmt: skip


numbers = (
    st.floats().map(repr) | st.integers().map(str) | st.text("0123456789.e+-_ nif", max_size=9)
)
written = (
    st.builds("{}..{}{}".format, numbers, numbers, st.sampled_from(("", " log", " step 1e-300")))
    | st.builds("{}..{} step {}".format, numbers, numbers, numbers)
    | st.lists(st.text(max_size=9), max_size=3).map("|".join)
    | st.text()
)


@given(st.sampled_from(("model.x", "seed", "data", "a.b", "", "\0")), written)
def test_any_text_is_understood_or_refused(key, text):
    try:
        space = read_space([f"{key}={text}"])
    except UsageError:
        return
    (dimension,) = space.values()
    assert dimension.ends()
    for accepts in (lambda end: True, lambda end: False):
        assert dimension.for_setting(accepts).written() == dimension.written()

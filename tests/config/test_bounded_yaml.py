"""A config of a few lines cannot take more memory than its length allows."""

import tracemalloc

import pytest

from dlapps.config.files import load_yaml, override, read_text
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config

GOOD = """
application: classification
data: {name: digits}
model: {name: mlp, widths: &widths [8, 4]}
training: {steps: 10}
"""
NINE_ALIASES = [
    f"k{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 9)
]
NINE_MERGES = [
    f"k{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}\n" for level in range(1, 8)
]


def refusal(text: str, *assignments: str) -> str:
    with pytest.raises(UsageError) as error:
        read_config("classification", text, "my.yaml", assignments)
    return str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "k0: &a0 [x, x, x]\n" + "".join(NINE_ALIASES),
        "k0: &a0 [x, x, x]\n" + "".join(NINE_ALIASES) + "application: *a8\n",
        "k0: &a0 {x: 1}\n" + "".join(NINE_MERGES),
        "k0: &a0 " + "x" * 90_000 + "\nk1: [" + "*a0, " * 50 + "]\n",
    ],
    ids=["aliases", "shown", "merged", "long text"],
)
def test_an_alias_bomb_is_refused_before_it_is_built(text):
    tracemalloc.start()
    try:
        assert "it is too large" in refusal(text)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_aliases_in_measure_are_understood():
    loaded = load_yaml(GOOD + "again: *widths\nmore: {<<: {a: 1}, b: 2}", "my.yaml")
    assert loaded["again"] == [8, 4]
    assert loaded["more"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("&r [*r]", "it holds itself"),
        ("[" * 5000 + "]" * 5000, "it is too deep"),
        ("{a: " * 5000 + "}" * 5000, "it is too deep"),
        (r'"\ud800"', "surrogates not allowed"),
    ],
    ids=["recursive", "deep list", "deep mapping", "surrogate"],
)
def test_what_no_config_needs_is_refused(value, words):
    assert words in refusal(GOOD.replace("digits", value))
    assert "the value is not YAML" in refusal(GOOD, f"data.name={value}")


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 5000, "1:" * 2000 + "1"])
@pytest.mark.parametrize("setting", ["training.steps", "seed", "training.learning_rate"])
def test_a_number_of_thousands_of_digits_is_refused_by_the_name_of_its_setting(number, setting):
    message = refusal(GOOD, f"{setting}={number}")
    assert f": {setting} cannot be '{number[:50]}" in message
    assert len(message) < 400


@pytest.mark.parametrize(
    "assignment",
    [
        "data.name=" + "x" * 9000,
        "model.name=[" + "x, " * 9000 + "]",
        "training.optimizer.name=" + "x" * 9000,
        "training.steps=[" + "x, " * 9000 + "]",
        "application=[" + "x, " * 9000 + "]",
        "x" * 9000 + "=1",
        "x" * 9000,
        "seed.a" + "x" * 9000 + "=1",
        "a." * 5000 + "b=1",
        "seed=[" + "x" * 9000,
    ],
)
def test_an_error_is_short_however_large_what_was_wrong(assignment):
    assert len(refusal(GOOD + "seed: 0\n", assignment)) < 500


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(UsageError, match="more than a million characters"):
        read_text(path)


def test_deep_assignments_are_refused():
    assert "no setting lies so deep" in refusal(GOOD, "model" + ".a" * 30 + "=1")
    assert override({}, ["a.b.c=1"]) == {"a": {"b": {"c": 1}}}

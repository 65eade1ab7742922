"""Whatever is typed is understood or refused in one message: never a traceback, never a flood."""

from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlapps.errors import UsageError

STOP = "Nothing is trained in this test."
KEYS = (
    "seed", "data", "data.name", "data.path", "data.batch_size", "data.augmentation.shift", "model",
    "model.name", "model.widths", "model.dropout", "training", "training.steps",
    "training.learning_rate", "training.optimizer", "training.optimizer.beta_1",
    "training.schedule.boundaries", "training.early_stopping", "training.steps_per_call",
    "evaluation.batch_size", "reference", "application", "a.b.c", "",
)  # fmt: skip
VALUES = (
    "1", "-1", "0", "1e999", ".nan", "null", "yes", "[]", "{}", "[[1", "{a: 1}", "{name: [1]}",
    "*a", "&a [*a]", "!!python/name:os", "2026-13-45", "'", '"\\0"', "? x", "9" * 5000, "mlp",
    "~/x", "{1: 2}", "0x_", "1:99", "!!binary x", "!!timestamp x", "<<: 1", "[" * 500,
)  # fmt: skip

fuzzed = settings(derandomize=True, deadline=None, max_examples=150)
assignments = st.one_of(
    st.builds("{}={}".format, st.sampled_from(KEYS), st.sampled_from(VALUES) | st.text()),
    st.just("--debug") | st.text().filter(lambda text: text != "--json"),
)
config_names = st.one_of(
    st.text(min_size=1),
    st.sampled_from((".", "/", "~", "xor_mlp.yaml", "/dev/null", "/proc/self/mem", "a/" * 3000)),
)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_trained() -> Iterator[None]:
    """Lets every command end where training would begin."""
    with mock.patch("dlapps.runs.directory.create_run", side_effect=UsageError(STOP)):
        yield


def assert_clean_refusal(answer) -> None:
    message = answer.stderr
    assert answer.exit_code == 2, message
    assert answer.stdout == ""
    assert "Traceback" not in message
    assert "shows the traceback" not in message
    assert len(message) < 2000


@fuzzed
@given(st.lists(assignments, min_size=1, max_size=3))
def test_any_assignment_is_understood_or_refused(dlapps, chosen):
    options = [part for assignment in chosen for part in ("--set", assignment)]
    assert_clean_refusal(dlapps("classification", "train", "xor_mlp", *options))


@fuzzed
@given(config_names)
def test_any_config_name_is_understood_or_refused(dlapps, name):
    assert_clean_refusal(dlapps("classification", "train", "--", name))
    assert_clean_refusal(dlapps("config", "show", "--", name))


@fuzzed
@given(st.lists(st.text() | st.sampled_from(("train", "list", "--json", "--run")), min_size=1))
def test_any_arguments_are_understood_or_refused(dlapps, arguments):
    answer = dlapps("classification", "train", "xor_mlp", *arguments)
    if "--json" not in arguments:
        assert_clean_refusal(answer)
    else:
        assert answer.exit_code == 2

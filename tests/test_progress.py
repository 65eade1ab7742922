"""A long measurement says how far it is, and changes nothing of what it hands on."""

import logging
import sys

import pytest

from dlapps import progress as progress_module
from dlapps.progress import progress


@pytest.fixture
def log(monkeypatch, caplog) -> pytest.LogCaptureFixture:
    """What is logged while stderr is a file and no time passes between two lines."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.setattr(progress_module, "SECONDS_BETWEEN_LINES", 0)
    caplog.set_level(logging.INFO, "dlapps")
    return caplog


@pytest.mark.parametrize(
    ("items", "total", "of"),
    [("abc", None, "3"), (iter("abc"), 3, "3"), (iter("abc"), None, "many")],
)
def test_every_item_is_handed_on_and_counted(log, items, total, of):
    assert list(progress(items, "Letters", total)) == ["a", "b", "c"]
    assert log.messages == [f"Letters: {number} of {of}" for number in (1, 2, 3)]


def test_what_is_soon_over_says_nothing(log, monkeypatch, capsys):
    monkeypatch.setattr(progress_module, "SECONDS_BETWEEN_LINES", 60)
    assert list(progress(range(1000), "Numbers")) == list(range(1000))
    assert log.messages == []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress(range(1000), "Numbers")) == list(range(1000))
    assert capsys.readouterr().err.strip() == ""


def test_a_terminal_shows_a_bar(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(progress_module, "SECONDS_BEFORE_BAR", 0)
    assert list(progress([1, 2], "Pairs")) == [1, 2]
    assert "Pairs" in capsys.readouterr().err

"""What an error says is short, whatever was wrong."""

import pytest

from dlapps.errors import LONGEST_SHOWN, did_you_mean, in_short, reason


def test_a_text_is_shown_as_written_up_to_a_length_and_on_one_line():
    assert in_short("größer als 3") == "größer als 3"
    assert in_short("a\nb\x1b\u2028") == "a\\nb\\x1b\\u2028"
    long = "/here/" + "x" * 10_000 + "/cat.png"
    assert len(in_short(long)) <= LONGEST_SHOWN
    assert in_short(long).startswith("/here/x")
    assert in_short(long).endswith("x/cat.png")


def test_a_huge_value_has_no_near_name_but_is_answered():
    assert did_you_mean(["x"] * 100_000, ["adam", "sgd"]) == "; known are adam, sgd."


def test_the_reason_of_a_foreign_error_is_its_first_line_without_coordinates():
    graph = "{{function_node __wrapped__}} No space left. [Op:Save]"
    assert reason(OSError(f"{graph}\nmore")) == "No space left"
    assert reason(ValueError("\n  late\n")) == "late"
    assert reason(ValueError()) == "ValueError"


@pytest.mark.parametrize(
    "trace", ["<stack traces unavailable>", '  File "a.py", line 1, in <module>\n\n    x = f(y)\n']
)
def test_the_reason_of_an_error_in_a_graph_is_what_happened(trace):
    error = ValueError(
        "Graph execution error:\n\nDetected at node a/b defined at (most recent call last):\n"
        f"{trace}\nUnknown image file format.\n\t [[{{{{node a/b}}}}]] [Op:__inference_9]"
    )
    assert reason(error) == "Unknown image file format"


def test_a_reason_is_never_long():
    assert len(reason(ValueError("x" * 10_000))) <= 1000

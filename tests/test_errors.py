"""What an error says is short, whatever was wrong."""

from dlapps.errors import LONGEST_SHOWN, did_you_mean, reason, shown


def test_a_refused_value_is_shown_as_written_up_to_a_length():
    assert shown("digit") == "'digit'"
    assert shown([1, 2.5, None]) == "[1, 2.5, None]"
    assert len(shown("x" * 10_000)) == LONGEST_SHOWN
    assert shown(list(range(10_000))).endswith("…")


def test_a_huge_value_has_no_near_name_but_is_answered():
    assert did_you_mean(["x"] * 100_000, ["adam", "sgd"]) == "; known are adam, sgd."


def test_the_reason_of_a_foreign_error_is_its_first_line_without_coordinates():
    graph = "{{function_node __wrapped__}} No space left. [Op:Save]"
    assert reason(OSError(f"{graph}\nmore")) == "No space left"
    assert reason(ValueError("\n  late\n")) == "late"
    assert reason(ValueError()) == "ValueError"
    assert len(reason(ValueError("x" * 10_000))) == 1000

"""What an error says is short, whatever was wrong."""

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
    assert len(reason(ValueError("x" * 10_000))) <= 1000

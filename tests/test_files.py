"""What is written can be read by any other program."""

import json

import numpy as np

from dlapps.files import distinct_names, json_text


def test_what_is_no_number_in_json_is_null():
    values = {"a": float("nan"), "b": [1.5, float("inf"), {"c": np.float64("-inf")}], "d": (1, "x")}
    found = json.loads(json_text(values), parse_constant=lambda word: word)
    assert found == {"a": None, "b": [1.5, None, {"c": None}], "d": [1, "x"]}


def test_what_is_made_of_a_file_has_its_name_and_what_was_typed_is_cut(tmp_path):
    names = ["a" * 60 + ".rf.jpg", "ß" * 100 + ".png"]
    for name in names:
        (tmp_path / name).touch()
    paths = [str(tmp_path / name) for name in names]
    typed = "A sentence of more than forty characters, which names no file"
    assert distinct_names([*paths, typed, typed]) == [
        "a" * 60 + ".rf", "ß" * 80, typed[:40], f"{typed[:40]}_2",
    ]  # fmt: skip

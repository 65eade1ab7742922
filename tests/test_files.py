"""What is written can be read by any other program."""

import json

import numpy as np

from dlapps.files import json_text


def test_what_is_no_number_in_json_is_null():
    values = {"a": float("nan"), "b": [1.5, float("inf"), {"c": np.float64("-inf")}], "d": (1, "x")}
    found = json.loads(json_text(values), parse_constant=lambda word: word)
    assert found == {"a": None, "b": [1.5, None, {"c": None}], "d": [1, "x"]}

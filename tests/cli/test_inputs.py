"""What the command line does with the inputs of predict and explain, good and bad together."""

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def run(dlapps, tiny, tmp_path_factory) -> Path:
    """A reader of digits that was trained for a moment."""
    directory = tmp_path_factory.mktemp("runs") / "digits_lenet5" / "0"
    answer = dlapps("classification", "train", "digits_lenet5", "--run", directory, *tiny)
    assert answer.exit_code == 0, answer.stderr
    return directory


@pytest.fixture
def photos(tmp_path) -> Path:
    """A folder of two images and a file that says it is one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in ("a", "c"):
        Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(folder / f"{name}.png")
    (folder / "b.png").write_text("no image")
    (folder / "notes.txt").touch()
    return folder


@pytest.fixture
def stdin(monkeypatch):
    """Gives the next command these bytes to read."""

    def give(contents: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(contents)))

    return give


@pytest.mark.parametrize("inputs", [".", "*.png"])
@pytest.mark.parametrize("command", ["predict", "explain"])
def test_a_bad_file_is_named_and_the_others_are_answered(
    dlapps, run, photos, monkeypatch, command, inputs
):
    monkeypatch.chdir(photos)
    answer = dlapps("classification", command, run, inputs)
    assert answer.exit_code == 1
    assert len(answer.stdout.splitlines()) == 2
    *_, blamed, counted = answer.stderr.splitlines()
    assert "b.png is not an image this program can read" in blamed
    assert counted == "1 of 3 inputs could not be answered."


def test_json_holds_the_answers_and_the_errors(dlapps, run, photos):
    predicted = dlapps("classification", "predict", run, photos, "--json")
    assert predicted.exit_code == 1
    assert [Path(record["input"]).name for record in predicted.document] == [
        "a.png",
        "b.png",
        "c.png",
    ]
    assert ["error" in record for record in predicted.document] == [False, True, False]
    explained = dlapps("classification", "explain", run, photos, "--json")
    assert explained.exit_code == 1
    names = [Path(file).name for file in explained.document["files"]]
    assert names == ["a_explained.png", "c_explained.png"]
    assert explained.document["errors"] == [predicted.document[1]]


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_where_nothing_can_be_answered_each_reason_is_told(dlapps, run, photos, command):
    bad, absent = photos / "b.png", photos / "d.png"
    answer = dlapps("classification", command, run, bad, absent)
    answer.assert_refused(f"{bad} is not an image", f"There is no image file {absent}.")
    assert len(answer.stderr.splitlines()) == 2
    document = dlapps("classification", command, run, bad, absent, "--json").document
    assert document == {"error": answer.stderr.strip(), "exit_code": 2}


def test_inputs_come_from_stdin_one_a_line(dlapps, run, photos, xor_run, stdin):
    stdin(f"{photos}/a.png\r\n\n{photos}/c.*\n".encode())
    answer = dlapps("classification", "predict", run, "-", photos / "a.png", "--json")
    names = [Path(record["input"]).name for record in answer.document]
    assert names == ["a.png", "c.png", "a.png"]
    stdin(b"1,1\n-1,2.5\n")
    points = dlapps("classification", "predict", xor_run, "-", "--json").document
    assert [point["input"] for point in points] == ["1,1", "-1,2.5"]
    for command in ("predict", "explain"):
        stdin(b"\n")
        dlapps("classification", command, run, "-").assert_refused("There is no input on stdin")


def test_names_that_are_no_text_are_answered_and_shown_escaped(dlapps, run, photos):
    name = os.fsdecode(os.fsencode(photos) + b"/\xff\x1b[2J.png")
    (photos / "a.png").rename(name)
    shown = rf"{photos}/\udcff\x1b[2J"
    assert dlapps("classification", "predict", run, name).stdout.startswith(f"{shown}.png  label")
    for command in ("predict", "explain"):
        answer = dlapps("classification", command, run, name, "--json")
        assert answer.exit_code == 0, answer.stderr
    assert "\x1b" not in dlapps("classification", "explain", run, name).stdout


def test_only_long_recordings_are_searched(dlapps, run, photos):
    answer = dlapps("classification", "predict", run, photos / "a.png", "--stream")
    answer.assert_refused("--stream searches long recordings", "answers each input as a whole")

"""What a person asks of a run: folders and globs of files, texts as they are, and refusals."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dlapps.export.answer import Answer
from dlapps.export.inputs import answer_each, expanded

TEXT = Answer({"text": tf.TensorSpec([None], tf.string)}, dict, lambda: ({}, {}), lambda text: {})
FILES = TEXT._replace(suffixes=(".png", ".jpg"))
PAIRS = FILES._replace(inputs={name: tf.TensorSpec([None], tf.string) for name in ("one", "two")})
SEEDS = TEXT._replace(read=lambda text: {"seed": np.array([7])} if text.isdecimal() else None)
READS_FILES, READS_TEXT = {"file": FILES}, {"text": TEXT}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A directory to be in, with files of several kinds."""
    monkeypatch.chdir(tmp_path)
    names = (
        "10.png",
        "9.PNG",
        "b.jpg",
        "notes.txt",
        ".hidden.png",
        "7/deep.png",
        "a*.png",
        "x:y.png",
    )
    for name in names:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    Path("folder.png").mkdir()
    return tmp_path


def ask(*texts: str, answers=READS_FILES) -> list[dict]:
    return answer_each(texts, answers, lambda texts: [{"input": text} for text in texts])


def reason(text: str, answers=READS_FILES) -> str:
    (record,) = ask(text, answers=answers)
    return record["error"]


def test_a_folder_stands_for_what_is_read_in_it_in_sorted_order(here):
    assert expanded(".", READS_FILES) == ["./10.png", "./9.PNG", "./a*.png", "./b.jpg", "./x:y.png"]
    assert expanded("7/", READS_FILES) == ["7/deep.png"]


def test_masks_beside_their_images_are_asked_for_by_name_only(here, caplog):
    for name in ("7/deep_mask.png", "7/lone_mask.png"):
        Path(name).touch()
    assert expanded("7", READS_FILES) == ["7/deep.png", "7/lone_mask.png"]
    assert (
        "1 of 3 files are left out as masks of images beside them: 7/deep_mask.png" in caplog.text
    )
    assert expanded("7/deep_mask.png", READS_FILES) == ["7/deep_mask.png"]
    assert expanded("7/d*", READS_FILES) == ["7/deep.png", "7/deep_mask.png"]


def test_a_glob_stands_for_the_files_that_match(here):
    assert expanded("[19]*.*", READS_FILES) == ["10.png", "9.PNG"]
    assert expanded("**/d*.png", READS_FILES) == ["7/deep.png"]
    assert expanded("a*.png", READS_FILES) == ["a*.png"], "a file may be called so"


def test_what_is_no_file_stands_for_itself(here):
    texts = ["Where are you?", ".", "*", "[19]*", "a:b", "x" * 5000]
    assert ask(*texts, answers=READS_TEXT) == [{"input": text} for text in texts]
    assert expanded("7", {"seeds": SEEDS, **READS_FILES}) == ["7"], "a seed, not the folder"


def test_refusals_stand_where_their_inputs_did(here):
    records = ask("no*", "[19]*", "zz*", "b.jpg")
    assert [record["input"] for record in records] == [
        "notes.txt", "10.png", "9.PNG", "zz*", "b.jpg",
    ]  # fmt: skip
    assert ["error" in record for record in records] == [False, False, False, True, False]


def test_what_is_no_file_to_be_read_is_refused_in_one_sentence(here):
    assert reason("folder.png").startswith(
        "The folder folder.png holds no file that this run reads"
    )
    assert reason("zz*") == "No file matches zz*."
    assert len(reason("x" * 5000 + "*")) < 400
    assert reason("\0.png") == r"\x00.png can name no file."
    assert reason("zz\n*") == r"No file matches zz\n*."


def test_two_files_in_one_input_are_for_those_who_take_two(here):
    assert reason("b.jpg:notes.txt") == (
        "There is no file b.jpg:notes.txt. This run takes one file an input: give b.jpg and "
        "notes.txt apart."
    )
    both = {**READS_FILES, "path": PAIRS}
    texts = ("b.jpg:notes.txt", "x:y.png")
    assert ask(*texts, answers=both) == [{"input": text} for text in texts]
    assert reason("b.jpg:folder.png", both).startswith("The folder folder.png holds no")


def test_all_that_is_not_refused_is_asked_at_once(here):
    calls = []

    def answer(texts):
        calls.append(list(texts))
        return [{"input": text} for text in texts]

    answer_each(["b.jpg", "zz*", "notes.txt"], READS_FILES, answer)
    assert calls == [["b.jpg", "notes.txt"]]

"""Texts of a user are read, or refused or left out with their names and number."""

import os

import numpy as np
import pytest

from dlapps.data.text.labelled import MODULES, load_modules, load_text_folder, load_text_tsv
from dlapps.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    for name in ("ham", "spam"):
        (tmp_path / name).mkdir()
        for number in range(10):
            (tmp_path / name / f"{number}.txt").write_text(f"{name} {number}\n")
    return tmp_path


def test_a_folder_is_divided_by_class(folder):
    splits, names = load_text_folder(folder)
    assert names == ("ham", "spam")
    assert [len(split) for split in splits.values()] == [16, 2, 2]
    for examples in splits.values():
        for text, label in zip(*examples.columns.values(), strict=True):
            assert text.decode().split()[0] == names[label]


def test_files_that_are_no_text_are_left_out_counted_and_named(folder, caplog):
    (folder / "ham" / "3.txt").write_bytes(b"M\xe4dchen")
    (folder / "spam" / "4.txt").write_text(" \n")
    (folder / "spam" / "5.txt").unlink()
    os.mkfifo(folder / "spam" / "5.txt")
    splits, _ = load_text_folder(folder)
    assert sum(len(split) for split in splits.values()) == 17
    assert "3 of 20 texts cannot be decoded and are left out" in caplog.text
    assert "3.txt" in caplog.text


def test_a_class_of_which_nothing_can_be_read_is_refused(folder):
    for file in (folder / "ham").iterdir():
        file.write_text("")
    with pytest.raises(UsageError, match=r"None of the .*texts"):
        load_text_folder(folder)


def test_a_class_without_files_is_refused(folder):
    for file in (folder / "ham").iterdir():
        file.unlink()
    with pytest.raises(UsageError, match=r"There is no text \(\.txt\) in .*ham"):
        load_text_folder(folder)


def test_a_class_alone_is_refused(folder):
    (folder / "ham").rename(folder.parent / "elsewhere")
    with pytest.raises(UsageError, match="spam"):
        load_text_folder(folder)


def test_lines_of_a_class_and_a_text(tmp_path):
    lines = [f"{name}\tHe said {name}\tand {number}\n" for name in "ab" for number in range(10)]
    (tmp_path / "t.tsv").write_text("".join(lines))
    splits, names = load_text_tsv(tmp_path / "t.tsv")
    assert names == ("a", "b")
    assert [len(split) for split in splits.values()] == [16, 2, 2]
    assert splits["train"].names[0] == b"line 1"
    assert splits["train"].columns["text"][0] == b"He said a\tand 0"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a\tx\nno tab\n\ty\nb\t\n", r"line 2: 'no tab'; line 3: .*line 4: .*a class, a tab and"),
        ("a\tx\na\ty\n", "texts of one class alone"),
        ("a\tx\n" * 5 + "b\ty\n", "has 1 texts of class b; at least 3"),
        ("", "is empty"),
    ],
)
def test_faulty_lines_are_refused(tmp_path, lines, message):
    (tmp_path / "t.tsv").write_text(lines)
    with pytest.raises(UsageError, match=message):
        load_text_tsv(tmp_path / "t.tsv")


def test_modules_of_this_python_are_divided_by_place():
    splits, names = load_modules()
    assert names == MODULES
    number = {split: {int(n.split(b"/")[1]) % 10 for n in e.names} for split, e in splits.items()}
    assert number == {"train": set(range(8)), "validation": {8}, "test": {9}}
    texts = np.concatenate([examples.columns["text"] for examples in splits.values()])
    assert len(set(texts)) == len(texts) > 2000
    assert all(text.count(b"\n") == 2 for text in splits["train"].columns["text"])
    assert load_modules().splits["test"].fingerprint() == splits["test"].fingerprint()

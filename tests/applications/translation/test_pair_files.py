"""Files of pairs are read, or refused with their name and the line."""

import pytest

from dlapps.applications.translation.pair_files import read_parallel, read_tsv
from dlapps.errors import UsageError


def test_a_tsv_with_a_byte_order_mark_and_windows_lines(tmp_path):
    (tmp_path / "p.tsv").write_bytes("\ufeffein\tone\r\nfünf \t five\r\n".encode())
    assert read_tsv(tmp_path / "p.tsv") == [("ein", "one"), ("fünf", "five")]


@pytest.mark.parametrize("line", ["zwei two", "zwei\t", "\ttwo", "zwei\ttwo\tdeux", ""])
def test_a_line_that_is_no_pair_is_named(tmp_path, line):
    (tmp_path / "p.tsv").write_text(f"ein\tone\n{line}\ndrei\tthree\n")
    with pytest.raises(UsageError, match=r"p\.tsv, line 2: .* one tab"):
        read_tsv(tmp_path / "p.tsv")


def test_all_faults_are_counted_and_the_first_shown(tmp_path):
    (tmp_path / "p.tsv").write_text("eins one\nzwei\ttwo\n" + "drei\n" * 20)
    shown = r"p\.tsv, line 1: 'eins one'; line 3: 'drei'; line 4: 'drei' and 18 more: there must"
    with pytest.raises(UsageError, match=shown):
        read_tsv(tmp_path / "p.tsv")


def test_files_of_unequal_length_are_refused_with_the_line(tmp_path):
    (tmp_path / "a.de").write_text("ein\nzwei\ndrei\n")
    (tmp_path / "a.en").write_text("one\ntwo\n")
    with pytest.raises(UsageError, match=r"a\.en has 2 lines and .*a\.de has 3: line 3 of"):
        read_parallel(tmp_path / "a.de", tmp_path / "a.en")


def test_a_missing_sentence_is_named(tmp_path):
    (tmp_path / "a.de").write_text("ein\nzwei\ndrei\n")
    (tmp_path / "a.en").write_text("one\n\nthree\n")
    with pytest.raises(UsageError, match=r"a\.en, line 2"):
        read_parallel(tmp_path / "a.de", tmp_path / "a.en")


def test_parallel_files_are_paired_line_by_line(tmp_path):
    (tmp_path / "a.de").write_text("ein\nzwei")
    (tmp_path / "a.en").write_text("one\ntwo\n")
    assert read_parallel(tmp_path / "a.de", tmp_path / "a.en") == [("ein", "one"), ("zwei", "two")]


def test_another_encoding_is_refused_with_the_line(tmp_path):
    (tmp_path / "p.tsv").write_bytes(b"ein\tone\n" + "fünf\tfive\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"p\.tsv, line 2: .*UTF-8"):
        read_tsv(tmp_path / "p.tsv")


@pytest.mark.parametrize("contents", ["", "\n \n"])
def test_an_empty_file_is_refused(tmp_path, contents):
    (tmp_path / "p.tsv").write_text(contents)
    with pytest.raises(UsageError, match=r"p\.tsv is empty"):
        read_tsv(tmp_path / "p.tsv")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.tsv cannot be read: No such file"):
        read_tsv(tmp_path / "nowhere.tsv")

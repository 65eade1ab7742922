"""The captions of Multi30k stay beside their translations, whatever their lines hold."""

import gzip

import pytest

from dlapps.datasets.multi30k import Multi30k


@pytest.fixture
def builder(tmp_path) -> Multi30k:
    return Multi30k(data_dir=tmp_path)


def files(directory, german: str, english: str, french: str) -> dict:
    paths = {name: directory / f"a.{name}.gz" for name in ("de", "en", "fr")}
    for path, text in zip(paths.values(), (german, english, french), strict=True):
        path.write_bytes(gzip.compress(text.encode()))
    return paths


def test_lines_become_pairs(builder, tmp_path):
    # A separator of lines inside a sentence, which str.splitlines would divide.
    german, french = "Ein Mädchen.\nZwei\u2028Hunde. \n", "Une fille.\nDeux chiens.\n"
    paths = files(tmp_path, german, "A girl.\nTwo dogs.\n", french)
    assert list(builder._generate_examples(paths)) == [
        (0, {"de": "Ein Mädchen.", "en": "A girl.", "fr": "Une fille."}),
        (1, {"de": "Zwei\u2028Hunde.", "en": "Two dogs.", "fr": "Deux chiens."}),
    ]


def test_files_of_different_length_are_no_pairs(builder, tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        list(builder._generate_examples(files(tmp_path, "Eins.\nZwei.\n", "One.\n", "Un.\n")))

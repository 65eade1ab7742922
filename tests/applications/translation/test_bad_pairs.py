"""What a user can hand to a translator that is wrong: every case one clear answer."""

import re
from pathlib import Path

import pytest

from dlapps.applications.translation.application import Translation
from dlapps.applications.translation.data import SentencePairsSpec
from dlapps.applications.translation.search import DecodingSettings
from dlapps.config.files import find_config, read_text
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config


@pytest.fixture
def files(tmp_path):
    """Twelve sentences and, line by line, their translations."""
    for name, word in (("source", "wort"), ("target", "word")):
        lines = [f"{word} {number}\n" for number in range(12)]
        (tmp_path / name).write_text("".join(lines))
    return tmp_path / "source", tmp_path / "target"


@pytest.fixture(scope="module")
def train_on(dlapps, tiny):
    """Trains on the user's own pairs, which `data` names."""

    def train(directory, **data):
        options = [part for key, value in data.items() for part in ("--set", f"data.{key}={value}")]
        run = ("--run", directory / "run", *tiny, *options)
        return dlapps("translation", "train", "tsv_attention", *run)

    return train


def parallel(files):
    return {"name": "parallel_files", "path": files[0], "target_path": files[1]}


def test_a_line_without_a_counterpart_is_named(train_on, files, tmp_path):
    files[1].write_text("word\n" * 9)
    answer = train_on(tmp_path, **parallel(files))
    answer.assert_refused(f"{files[1]} has 9 lines", f"{files[0]} has 12", "line 10")


def test_a_line_that_is_not_utf8_is_named(train_on, files, tmp_path):
    lines = files[0].read_bytes().splitlines(keepends=True)
    lines[4] = "Mädchen\n".encode("latin-1")
    files[0].write_bytes(b"".join(lines))
    answer = train_on(tmp_path, **parallel(files))
    answer.assert_refused(f"{files[0]}, line 5", "UTF-8")


def test_a_line_without_a_tab_is_named(train_on, tmp_path):
    lines = [f"wort {number}\tword {number}\n" for number in range(12)]
    lines[6] = "wort 6 word 6\n"
    (tmp_path / "pairs.tsv").write_text("".join(lines))
    answer = train_on(tmp_path, path=tmp_path / "pairs.tsv")
    answer.assert_refused(f"{tmp_path}/pairs.tsv, line 7", "one tab", "wort 6 word 6")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("training.monitor=bleu",), "set training.mode max"),
        (("decoding.beam_width=2", "decoding.n_best=3"), "n_best 3 is more than the beam_width 2"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, message):
    file = find_config("translation", "number_words_attention")
    with pytest.raises(UsageError, match=message):
        read_config("translation", read_text(file.path), file.name, settings)


@pytest.fixture(scope="module")
def spec():
    return SentencePairsSpec(
        source_tokens=("zwei",),
        source_unit="words",
        target_tokens=("two",),
        target_unit="words",
        example_sentences=("zwei",),
    )


@pytest.fixture(scope="module")
def translation():
    file = find_config("translation", "number_words_attention")
    return Translation(read_config("translation", read_text(file.path), file.name))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' has nothing in it"),
        (" \t", r"' \t' has nothing in it"),
        ("\x01\x1b", r"'\x01\x1b' has nothing in it"),
        ("zwei \udcff", r"'zwei \udcff' is not valid Unicode"),
    ],
)
def test_what_is_no_sentence_is_refused(translation, spec, text, message):
    """Before the model is asked, so that no model is needed here."""
    read = translation.answers(None, spec)["serving_default"].read
    assert read("zwei")["sentences"].tolist() == [b"zwei"]
    for refuse in (read, lambda text: translation.pictures_of(None, spec, text, "name")):
        with pytest.raises(UsageError, match=re.escape(message)):
            refuse(text)
    (record,) = translation.predict(None, spec, [text], Path())
    assert message in record["error"]


def test_only_training_by_bleu_knows_of_the_search(translation):
    config = translation.config
    narrow = config.model_copy(update={"decoding": DecodingSettings(beam_width=1)})
    assert narrow.of_training() == config.of_training()
    by_bleu = {"training": config.training.model_copy(update={"monitor": "bleu", "mode": "max"})}
    assert narrow.model_copy(update=by_bleu).of_training() != (
        config.model_copy(update=by_bleu).of_training()
    )

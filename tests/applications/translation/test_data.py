"""Pairs come in fixed splits, with vocabularies that have seen the training data alone."""

import os

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from dlapps.applications.translation.data import (
    SentencePairs,
    SentencePairsSpec,
    load_sentence_pairs,
    teacher_forced,
)
from dlapps.data.text.sequences import up_to_end
from dlapps.data.text.vocabulary import END, START, UNKNOWN
from dlapps.errors import UsageError


def write_tsv(path, pairs):
    path.write_text("".join(f"{a}\t{b}\n" for a, b in pairs))
    return path


@pytest.fixture
def pairs() -> list[tuple[str, str]]:
    return [(f"wort{number} da", f"word{number}") for number in range(20)]


def texts(split) -> set[bytes]:
    return set(split.columns["source_text"])


def test_one_file_is_divided_once_and_for_all(tmp_path, pairs):
    settings = SentencePairs(name="tsv", path=write_tsv(tmp_path / "p.tsv", pairs))
    data, again = load_sentence_pairs(settings), load_sentence_pairs(settings)
    assert [len(split) for split in data.splits.values()] == [16, 2, 2]
    assert len(set.union(*map(texts, data.splits.values()))) == 20
    for name, split in data.splits.items():
        assert split.fingerprint() == again[name].fingerprint()


def test_two_files_go_together_line_by_line(tmp_path, pairs):
    for name, side in zip(("source", "target"), zip(*pairs), strict=True):
        (tmp_path / name).write_text("\n".join(side))
    settings = {"path": tmp_path / "source", "target_path": tmp_path / "target"}
    data = load_sentence_pairs(SentencePairs(name="parallel_files", **settings))
    found = [
        tuple(text.decode() for text in pair)
        for split in data.splits.values()
        for pair in zip(split.columns["source_text"], split.columns["target_text"], strict=True)
    ]
    assert sorted(found) == sorted(pairs)
    one_file = SentencePairs(name="tsv", path=write_tsv(tmp_path / "p.tsv", pairs))
    assert texts(data["test"]) == texts(load_sentence_pairs(one_file)["test"])


def test_words_of_the_test_split_alone_are_unknown(tmp_path, pairs):
    for name, rows in {"train": pairs[:10], "validation": pairs[10:12], "test": pairs[12:]}.items():
        write_tsv(tmp_path / f"{name}.tsv", rows)
    data = load_sentence_pairs(SentencePairs(name="tsv", path=tmp_path))
    assert set(data.spec.source_tokens) == {"da", *(f"wort{number}" for number in range(10))}
    assert (data["test"].columns["source"][:, 0] == UNKNOWN).all()
    assert UNKNOWN not in data["train"].columns["source"]


def test_rare_words_and_long_training_pairs_are_left_out(tmp_path, pairs, caplog):
    longest, too_long = (" ".join(["da"] * number) for number in (20, 21))
    write_tsv(tmp_path / "train.tsv", [*pairs, (longest, "there"), (too_long, "there")])
    for name in ("validation", "test"):
        write_tsv(tmp_path / f"{name}.tsv", [(too_long, "there")])
    settings = SentencePairs(name="tsv", path=tmp_path, min_count=2, max_length=20)
    data = load_sentence_pairs(settings)
    assert data.spec.source_tokens == ("da",)
    assert data["train"].columns["source"].shape == (21, 21)
    known = data.spec.vocabularies()[0].encode(tf.constant(["da"]))[0, 0]
    assert data["train"].columns["source"][-1].tolist() == [known] * 20 + [END]
    assert too_long.encode() not in texts(data["train"])
    assert texts(data["test"]) == {too_long.encode()}
    assert "1 of 22 training pairs have more than 20 tokens" in caplog.text


def test_training_pairs_that_are_all_too_long_are_refused(tmp_path, pairs):
    path = write_tsv(tmp_path / "p.tsv", pairs)
    data = load_sentence_pairs(SentencePairs(name="tsv", path=path, max_length=2))
    assert len(data["train"]) == 16
    with pytest.raises(UsageError, match=r"more than 1 tokens; raise data\.max_length"):
        load_sentence_pairs(SentencePairs(name="tsv", path=path, max_length=1))


def test_too_few_pairs_are_refused(tmp_path, pairs):
    settings = SentencePairs(name="tsv", path=write_tsv(tmp_path / "p.tsv", pairs[:9]))
    with pytest.raises(UsageError, match="only 9 pairs"):
        load_sentence_pairs(settings)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "tsv"}, r"data\.path is missing; tsv is read from --set data\.path=PATH"),
        ({"name": "number_words", "path": "p.tsv"}, r"data\.path goes with data\.name tsv or"),
        ({"name": "number_words", "source_language": "fr"}, "go with data.name multi30k"),
        ({"name": "multi30k", "source_language": "en"}, "must differ"),
    ],
)
def test_settings_go_with_the_data_they_are_for(values, message):
    with pytest.raises(ValidationError, match=message):
        SentencePairs(**values)


def test_held_out_numbers_are_in_no_other_split():
    data = load_sentence_pairs(SentencePairs(name="number_words", source_unit="characters"))
    assert [len(split) for split in data.splits.values()] == [8000, 1000, 1000]
    assert len(set.union(*map(texts, data.splits.values()))) == 10_000
    assert UNKNOWN not in data["test"].columns["source"]


def test_a_spec_survives_json():
    spec = SentencePairsSpec(
        source_tokens=("a",),
        source_unit="words",
        target_tokens=("b", "c"),
        target_unit="characters",
        example_sentences=("a a",),
    )
    assert SentencePairsSpec.model_validate_json(spec.model_dump_json()) == spec
    assert repr(spec) == "1 words to 2 characters, such as 'a a'"


@pytest.mark.parametrize(
    ("sentences", "examples"),
    [
        (["da b c", "da", "\ufeff￭", "da b", "da b c d", "b"], ("da", "da b c", "da b c d")),
        (["da b", "da", "da"], ("da", "da b")),
        (["da b", "b da"], ("da b",)),
    ],
)
def test_examples_are_validation_sentences_of_several_lengths(tmp_path, pairs, sentences, examples):
    for name in ("train", "test"):
        write_tsv(tmp_path / f"{name}.tsv", pairs)
    write_tsv(tmp_path / "validation.tsv", [(sentence, "there") for sentence in sentences])
    spec = load_sentence_pairs(SentencePairs(name="tsv", path=tmp_path)).spec
    assert spec.example_sentences == examples


def test_a_validation_split_without_a_token_is_refused(tmp_path, pairs):
    for name in ("train", "test"):
        write_tsv(tmp_path / f"{name}.tsv", pairs)
    write_tsv(tmp_path / "validation.tsv", [("￭", "there")])
    with pytest.raises(UsageError, match="No sentence of the validation split has a token"):
        load_sentence_pairs(SentencePairs(name="tsv", path=tmp_path))


def test_teacher_forcing_trims_shifts_and_weighs():
    columns = {
        "source": tf.constant([[5, 6, END, 0, 0], [7, END, 0, 0, 0]]),
        "target": tf.constant([[8, END, 0], [END, 0, 0]]),
    }
    inputs, target, weights = teacher_forced(columns)
    assert inputs["source"].numpy().tolist() == [[5, 6, END], [7, END, 0]]
    assert inputs["target"].numpy().tolist() == [[START, 8], [START, END]]
    assert target.numpy().tolist() == [[8, END], [END, 0]]
    assert weights.numpy().tolist() == [[1, 1], [1, 0]]


@pytest.mark.parametrize(("tokens", "length"), [([5, END, END], 2), ([5, 6, 7], 3), ([END], 1)])
def test_a_sequence_is_read_up_to_its_end(tokens, length):
    assert up_to_end(tf.constant([tokens])).numpy().tolist() == [tokens[:length]]


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_multi30k_is_multi30k(tmp_path_factory, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path_factory.mktemp("tfds"))
    monkeypatch.setenv("DLAPPS_DATA_DIR", data_dir)
    data = load_sentence_pairs(SentencePairs(name="multi30k", min_count=2))
    assert [len(split) for split in data.splits.values()] == [29_000, 1_014, 1_000]
    found = dict(zip(*(data["train"].columns[f"{s}_text"] for s in ("source", "target"))))
    sentence = "Ein kleines Mädchen klettert in ein Spielhaus aus Holz."
    assert found[sentence.encode()] == b"A little girl climbing into a wooden playhouse."
    np.testing.assert_array_less((data["test"].columns["source"] == UNKNOWN).mean(), 0.04)
    languages = {"source_language": "en", "target_language": "fr"}
    french = load_sentence_pairs(SentencePairs(name="multi30k", **languages))["train"].columns
    row = french["source_text"].tolist().index(found[sentence.encode()])
    said = "Une petite fille grimpe dans une maisonnette en bois."
    assert french["target_text"][row].decode() == said

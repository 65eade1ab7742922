"""Whatever is typed, a translator answers or refuses it, and says what it did not understand."""

from pathlib import Path

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlapps.applications.translation.application import Translation
from dlapps.applications.translation.data import (
    SentencePairs,
    SentencePairsSpec,
    load_sentence_pairs,
)
from dlapps.config.files import find_config, read_text
from dlapps.data.text.vocabulary import UNKNOWN
from dlapps.errors import printable
from dlapps.export.answer import Answer, ask
from dlapps.runs.directory import read_config

SPEC = SentencePairsSpec(
    source_tokens=("zwei", "drei", "￭?"),
    source_unit="words",
    target_tokens=("two", "three", "four"),
    target_unit="words",
    example_sentences=("zwei",),
)


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """Those of an untrained translator, as one graph."""
    file = find_config("translation", "number_words_attention")
    tiny = ("model.units=4", "model.embedding_size=4", "decoding.max_length=3", "data.max_length=5")
    translation = Translation(read_config("translation", read_text(file.path), file.name, tiny))
    keras.utils.set_random_seed(0)
    answer = translation.answers(translation.build_model(SPEC), SPEC)["serving_default"]
    graph = answer.traced()
    return {"serving_default": answer._replace(function=graph)}


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=40)
"""Control characters and halves of surrogate pairs among them."""


@settings(derandomize=True, deadline=None, max_examples=4)
@given(texts=st.lists(ANY_TEXT, min_size=30, max_size=64))
def test_every_sentence_is_answered_or_refused(answers, texts):
    records = ask(answers, texts, Path())
    assert [record["input"] for record in records] == texts
    for record in records:
        if "error" in record:
            assert record["error"] == printable(record["error"])
        else:
            assert record.keys() >= {"translation", "score", "unknown"}


def test_what_was_never_learned_is_said_of_each_sentence(answers, caplog):
    texts = ["Zwei?", "Where are you?", "七 drei 七"]
    records = ask(answers, texts, Path())
    assert [record["unknown"] for record in records] == [[], ["where", "are", "you"], ["七"]]
    assert [record.getMessage() for record in caplog.records] == [
        "'Where are you?': this run never learned where, are, you.",
        "'七 drei 七': this run never learned 七.",
    ]


def test_a_sentence_without_end_is_cut_and_that_is_said(answers, caplog):
    """By the graph itself, so that a server is as safe."""
    text = "drei " * 50_000
    long, short = ask(answers, [text, "drei " * 5], Path())
    assert long["tokens_left_out"] == 49_995
    assert (long["translation"], long["score"]) == (short["translation"], short["score"])
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.endswith("drei ' has 50000 tokens; only the first 5 are read.")
    assert len(said) < 400
    (one_word,) = ask(answers, ["z" * 100_000], Path())
    assert one_word["unknown"] == ["z" * 100_000]


@pytest.mark.parametrize("unit", ["words", "characters", "subwords"])
def test_sentences_of_any_script_are_learned_and_given_back(tmp_path, unit):
    """Right to left, with marks, without spaces, of pictures: what is decoded is what was read."""
    sentences = ["שלום, עולם!", "नमस्ते दुनिया।", "你好。世界", "สวัสดีชาวโลก", "👩‍🚀 ok 🇪🇺", "żółć — ½"]
    lines = "".join(f"{text}\t{text}\n" for text in sentences * 2)
    (tmp_path / "pairs.tsv").write_text(lines)
    units = {"source_unit": unit, "target_unit": unit, "num_merges": 20}
    data = load_sentence_pairs(SentencePairs(name="tsv", path=tmp_path / "pairs.tsv", **units))
    _, target = data.spec.vocabularies()
    train = data["train"].columns
    decoded = [text.decode() for text in target.decode(train["target"]).numpy()]
    assert decoded == [text.decode() for text in train["target_text"]]
    assert UNKNOWN not in train["source"]

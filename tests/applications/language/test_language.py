"""Language models: what is read, what is refused, how texts go on, and what units keep track of."""

import numpy as np
import pytest

from dlapps.applications.language.data import LongText, load_text
from dlapps.applications.language.measuring import Surprise
from dlapps.applications.language.tracking import properties_of, tracking_units
from dlapps.applications.language.writing import Writer, WritingSettings
from dlapps.errors import UsageError
from dlapps.models.text.recurrent_language_model import recurrent_language_model

TEXT = "Thus ends the tale, and thus begins: one more.\n" * 40


@pytest.fixture
def text_file(tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT)
    return tmp_path / "tale.txt"


def loaded(path, **settings):
    return load_text(LongText(name="text", path=path, **settings))


def test_a_file_is_divided_in_its_order(text_file):
    data = loaded(text_file)
    vocabulary = data.spec.vocabulary()
    texts = [
        vocabulary.decode(data[split].columns["token"][None]).numpy()[0].decode()
        for split in ("train", "validation", "test")
    ]
    assert "".join(texts) == TEXT
    assert [round(len(text) / len(TEXT), 2) for text in texts] == [0.9, 0.05, 0.05]


def test_a_word_is_what_stands_between_spaces_and_a_line_end(text_file):
    spec = loaded(text_file, unit="words").spec
    assert set(spec.tokens) == {
        "Thus", "ends", "the", "tale,", "and", "thus", "begins:", "one", "more.", "\n"
    }  # fmt: skip


def test_a_folder_is_read_by_name_or_by_its_splits(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.txt").write_text(f"{name} file\n" * 50)
    begins = (
        loaded(tmp_path)
        .spec.vocabulary()
        .decode(loaded(tmp_path)["train"].columns["token"][None, :6])
    )
    assert begins.numpy()[0] == b"a file"
    splits = tmp_path / "splits"
    splits.mkdir()
    for number, name in enumerate(("train", "validation", "test"), 1):
        (splits / f"{name}.txt").write_text("abc\r\n" * number)
    assert [len(split) for split in loaded(splits).splits.values()] == [4, 8, 12]


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"too short", "10 characters"),
        (b"good line\n" * 20 + b"\xff\n", "line 21: .*not UTF-8"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, contents, said):
    (tmp_path / "text.txt").write_bytes(contents)
    with pytest.raises(UsageError, match=said):
        loaded(tmp_path / "text.txt")


def test_a_folder_without_such_files_is_refused(tmp_path):
    (tmp_path / "main.py").write_text(TEXT)
    with pytest.raises(UsageError, match=r"no file \*.txt.*data.files"):
        loaded(tmp_path)
    assert len(loaded(tmp_path, files="*.py")["train"]) > 0


@pytest.fixture
def writer(text_file):
    spec = loaded(text_file).spec
    vocabulary = spec.vocabulary()
    model = recurrent_language_model(len(vocabulary), units=8, embedding_size=6)
    return Writer(model, vocabulary, WritingSettings(length=21, seed=3))


def test_what_is_streamed_is_what_is_written_at_once(writer):
    prompts = ["Thus ", "more and", "e"]
    at_once = writer.vocabulary.decode(writer.continued(prompts, writer.own_draws(3))).numpy()
    for prompt, written in zip(prompts, at_once, strict=True):
        pieces = list(writer.stream(prompt))
        assert len(pieces) == 3
        assert "".join(pieces) == written.decode()
    assert len(set(at_once)) == 3


def test_readers_side_by_side_lose_nothing_but_their_beginnings(writer, text_file):
    tokens = loaded(text_file)["train"].columns["token"][:401]
    one = Surprise(writer.model, tokens, 1).nats()
    four = Surprise(writer.model, tokens, 4).nats()
    assert one.shape == (1, 400)
    assert four.shape == (4, 100)
    np.testing.assert_allclose(four[0], one[0, :100], rtol=1e-4)
    assert np.abs(four[1] - one[0, 100:200]).max() > 1e-4


def test_a_unit_that_counts_the_line_is_found():
    text = [*'def f(x):\n    return "a b", (x)\n\n' * 8]
    properties = properties_of(text)
    assert properties["within brackets"][:10].tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]
    random = np.random.default_rng(0)
    states = random.normal(size=(len(text), 5))
    states[:, 3] = 0.1 * properties["how long the line is"] + 0.01 * states[:, 3]
    best = tracking_units(text, states)[0]
    assert (best.what, best.unit) == ("how long the line is", 3)
    assert best.correlation > 0.9

"""Photos find their captions, or are refused with file and line; batches and scores follow."""

import logging

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlapps.applications.captioning.caption_folder import read_captions
from dlapps.applications.captioning.data import (
    CaptionedData,
    caption_rows,
    captions_of,
    load_captioned,
    teacher_forced,
    unknown_words,
)
from dlapps.applications.captioning.pictures import attention_figure, caption_sheet
from dlapps.data.text.vocabulary import END, START, UNKNOWN
from dlapps.errors import UsageError

GOOD = "".join(f"{n}.png\tCaption {n}.\n" for n in range(5))


@pytest.fixture
def folder(tmp_path):
    """Five photos of one shade each, with a caption each, and an empty folder beside them."""
    (tmp_path / "deep").mkdir()
    for number in range(5):
        Image.new("RGB", (12, 8), (40 * number,) * 3).save(tmp_path / f"{number}.png")
    (tmp_path / "captions.tsv").write_text(GOOD)
    return tmp_path


def load(folder, **settings):
    settings = {"image_size": (8, 12), **settings}
    return load_captioned(CaptionedData(name="caption_folder", path=folder, **settings))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("9.png\tA photo that is not there.", "line 6: .*there is no such photo"),
        ("1.png", "line 6: .*one tab and its caption"),
        ("1.png\tone\ttwo", "line 6: .*one tab and its caption"),
        ("1.png\t . ", "line 6: .*the caption has no word"),
    ],
)
def test_a_line_that_is_no_caption_is_named(folder, line, problem):
    (folder / "captions.tsv").write_text(f"{GOOD}{line}\n")
    with pytest.raises(UsageError, match=rf"captions\.tsv, {problem}"):
        read_captions(folder)


def test_another_encoding_or_no_table_is_refused(folder):
    (folder / "captions.tsv").write_bytes(GOOD.encode() + "1.png\tfünf\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"captions\.tsv, line 6: .*UTF-8"):
        load(folder)
    (folder / "captions.tsv").unlink()
    with pytest.raises(UsageError, match=r"captions\.tsv cannot be read.*Expected is a folder"):
        load(folder)
    with pytest.raises(UsageError, match="does not exist or is no folder"):
        load(folder / "nowhere")


def test_what_cannot_be_learned_from_is_left_out_and_counted(folder, caplog):
    Image.new("RGB", (4, 4)).save(folder / "deep" / "silent.png")
    (folder / "3_broken.png").write_bytes(b"no photo")
    (folder / "captions.tsv").write_text(f"{GOOD}3_broken.png\tIt cannot be seen.\n")
    with caplog.at_level(logging.WARNING):
        data = load(folder)
    assert "1 of 7 photos have no caption" in caplog.text
    assert "silent.png" in caplog.text
    assert "images cannot be decoded and are left out" in caplog.text
    assert sum(len(split) for split in data.splits.values()) == 5


def test_photos_stay_beside_their_captions(folder):
    (folder / "captions.tsv").write_text(GOOD + "".join(f"{n}.png\tShade {n}\n" for n in range(5)))
    data = load(folder)
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 3, "validation": 1, "test": 1,
    }  # fmt: skip
    for split in data.splits.values():
        shades = split.columns["image"][:, 0, 0, 0] // 40
        assert captions_of(split) == [[f"Caption {n}.", f"Shade {n}"] for n in shades]


def test_own_split_folders_are_kept(folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("split")
    for split in ("train", "validation", "test"):
        (root / split).symlink_to(folder)
    assert all(len(split) == 5 for split in load(root).splits.values())
    (root / "test").unlink()
    with pytest.raises(UsageError, match="has a folder train, but none called test"):
        load(root)


def test_each_caption_is_a_row_of_its_own_photo():
    data = load_captioned(CaptionedData(name="shapes", num_examples=4))
    photos, vocabulary = data["train"], data.spec.vocabulary()
    rows = caption_rows(photos, vocabulary, max_length=3)
    counts = [len(of_photo) for of_photo in captions_of(photos)]
    assert len(rows) == sum(counts)
    last = {name: tf.constant(column[-1:]) for name, column in rows.columns.items()}
    batch = rows.read(last)
    np.testing.assert_array_equal(batch["image"][0], photos.columns["image"][-1])
    before, target, weights = teacher_forced(batch)
    # No more than three words are learned, and their end.
    assert target.shape == (1, 4)
    assert before[0, 0] == START
    assert target[0, -1] == END
    np.testing.assert_array_equal(before[:, 1:], target[:, :-1])
    assert weights.numpy().tolist() == [[1] * 4]


def test_words_that_are_rare_in_train_are_unknown(folder):
    with pytest.raises(UsageError, match="No word occurs 50 times"):
        load(folder, min_count=50)
    data = load(folder, min_count=2)
    assert data.spec.tokens == ("caption",)
    rows = caption_rows(data["test"], data.spec.vocabulary(), 10)
    assert rows.columns["target"][0].tolist()[1:] == [UNKNOWN, END]
    assert unknown_words(data["test"], data.spec.vocabulary()) == 0.5


def test_pictures_have_a_panel_a_word_and_all_their_text():
    image = np.zeros((8, 12, 3), np.uint8)
    figure = attention_figure(image, np.full((2, 3, 3), 1 / 9), ["dog$", "<end>"])
    assert [axes.get_title() for axes in figure.axes] == ["Photo", "dog$", "<end>"]
    with pytest.raises(ValueError, match="2 maps of attention for 1 words"):
        attention_figure(image, np.ones((2, 3, 3)), ["dog"])
    axes = caption_sheet([image], ["a dog"], [["a cat", "two dogs"]]).axes[0]
    assert axes.get_title() == "a dog"
    assert "a cat" in axes.get_xlabel()

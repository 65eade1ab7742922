"""A user's folder becomes arrays; broken files are left out and named, nothing else is lost."""

import hashlib
import logging
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlapps.data.images.folder import load_image_folder
from dlapps.errors import UsageError


def paint(path, value, size=(6, 8), mode="L"):
    """Writes an image of `size` (height, width) in one shade."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = value if mode == "L" else (value, 0, 0)
    Image.new(mode, size[::-1], colour).save(path)


@pytest.fixture
def folder(tmp_path):
    """Ten images of each of two classes; their shades are 0 to 9 and 100 to 109."""
    for number in range(10):
        paint(tmp_path / "dark" / f"{number}.png", number)
        paint(tmp_path / "light" / f"{number}.bmp", 100 + number)
    return tmp_path


def test_every_image_arrives_once_with_its_label(folder):
    splits, class_names, image_shape, _ = load_image_folder(folder)
    assert class_names == ("dark", "light")
    assert image_shape == (6, 8, 1)
    assert {split: len(arrays["label"]) for split, arrays in splits.items()} == {
        "train": 16,
        "validation": 2,
        "test": 2,
    }
    shades = []
    for arrays in splits.values():
        assert arrays["image"].dtype == np.uint8
        assert arrays["image"].shape[1:] == image_shape
        assert arrays["label"].dtype == np.int32
        shade = arrays["image"][:, 0, 0, 0]
        np.testing.assert_array_equal(arrays["label"], shade >= 100)
        assert (np.diff(shade.astype(int)) > 0).all(), "sorted by class and name"
        shades += shade.tolist()
    assert sorted(shades) == [*range(10), *range(100, 110)]


def test_size_and_channels_follow_the_files_unless_given(folder):
    assert load_image_folder(folder, (5, 4), 3).image_shape == (5, 4, 3)
    assert load_image_folder(folder, channels=3).image_shape == (6, 8, 3)
    paint(folder / "dark" / "colour.png", 3, mode="RGB")
    assert load_image_folder(folder).image_shape == (6, 8, 3)
    paint(folder / "dark" / "other.png", 3, size=(8, 6))
    splits, _, shape, _ = load_image_folder(folder)
    assert shape == (64, 64, 3)
    assert splits["train"]["image"].shape[1:] == shape


@pytest.mark.parametrize(("side", "expected"), [(128, (128, 128)), (129, (64, 64))])
def test_large_images_of_one_size_are_made_smaller(tmp_path, side, expected):
    for name in ("a/1", "a/2", "a/3", "b/1", "b/2", "b/3"):
        paint(tmp_path / f"{name}.png", 7, (side, side))
    assert load_image_folder(tmp_path).image_shape == (*expected, 1)


def test_beyond_the_memory_limit_paths_come_instead_of_images(folder):
    (folder / "light" / "broken.png").write_text("no image")
    within = load_image_folder(folder, memory_limit=21 * 6 * 8).splits
    beyond = load_image_folder(folder, memory_limit=21 * 6 * 8 - 1)
    assert beyond.image_shape == (6, 8, 1)
    for split, arrays in beyond.splits.items():
        assert arrays.keys() == {"path", "sha256", "label"}
        for path, digest in zip(arrays["path"], arrays["sha256"], strict=True):
            contents = Path(os.fsdecode(path)).read_bytes()
            assert digest.decode() == hashlib.sha256(contents).hexdigest()
        np.testing.assert_array_equal(arrays["label"], within[split]["label"])
        shades = [np.asarray(Image.open(os.fsdecode(path)))[0, 0] for path in arrays["path"]]
        np.testing.assert_array_equal(shades, within[split]["image"][:, 0, 0, 0])


def test_broken_files_are_left_out_counted_and_named(folder, caplog):
    for number in range(7):
        (folder / "dark" / f"x{number}.png").write_bytes(b"\x89PNG broken")
    with caplog.at_level(logging.WARNING):
        splits, _, image_shape, _ = load_image_folder(folder)
    assert image_shape == (6, 8, 1)
    assert sum(len(arrays["image"]) for arrays in splits.values()) == 20
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("7 of 27 images cannot be decoded")
    assert message.count(".png") == 5
    assert message.endswith("and 2 more")


def test_a_class_or_split_without_a_readable_image_is_refused(folder):
    for file in (folder / "light").iterdir():
        file.write_text("no image")
    with pytest.raises(UsageError, match="images of class light in"):
        load_image_folder(folder)
    for file in (folder / "dark").iterdir():
        file.write_text("no image")
    with pytest.raises(UsageError, match="None of the train images"):
        load_image_folder(folder)


def test_a_webp_is_an_image_like_any_other(folder):
    Image.new("RGBA", (8, 6), (7, 0, 0, 128)).save(
        folder / "dark" / "see-through.webp", lossless=True
    )
    splits, _, image_shape, _ = load_image_folder(folder)
    assert image_shape == (6, 8, 3)
    assert sum(len(arrays["label"]) for arrays in splits.values()) == 21
    laid_on_white = np.concatenate([arrays["image"] for arrays in splits.values()])
    assert np.any(laid_on_white[..., 0] == 131), "half of 7 on half of 255"


def test_masks_beside_their_images_are_not_learned_from(folder, caplog):
    alone = load_image_folder(folder).splits
    for name in ("dark/1_mask.png", "dark/2_mask_1.png", "light/3_Mask.bmp", "light/4_mask.png"):
        paint(folder / name, 255)
    with caplog.at_level(logging.WARNING):
        splits = load_image_folder(folder).splits
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("4 of 24 files are left out as masks of images beside them: ")
    assert str(folder / "dark" / "1_mask.png") in message
    for split, arrays in splits.items():
        np.testing.assert_array_equal(arrays["image"], alone[split]["image"])


def test_a_folder_of_masks_beside_one_of_images_is_not_learned_from(tmp_path, caplog):
    for name in ("a", "b"):
        for number in range(10):
            paint(tmp_path / name / "images" / f"{number}.png", 7)
            paint(tmp_path / name / "masks" / f"{number}.png", 255)
    splits = load_image_folder(tmp_path).splits
    assert sum(len(arrays["label"]) for arrays in splits.values()) == 20
    assert all(np.all(arrays["image"] == 7) for arrays in splits.values())
    assert "20 of 40 files are left out as masks of images beside them" in caplog.text


def test_a_picture_of_a_mask_is_an_image_where_it_masks_no_other(folder, caplog):
    paint(folder / "dark" / "carnival_mask.png", 50)
    paint(folder / "masks" / "0.png", 60)
    splits, class_names, _, _ = load_image_folder(folder)
    assert class_names == ("dark", "light", "masks")
    assert sum(len(arrays["label"]) for arrays in splits.values()) == 22
    assert "left out" not in caplog.text


GREY = Image.new("L", (8, 6), 200)
MODES = {
    "one-bit.png": (GREY.convert("1", dither=Image.Dither.NONE), 255),
    "palette.png": (GREY.convert("P"), 200),
    "grey-with-alpha.png": (Image.merge("LA", (GREY, Image.new("L", (8, 6), 51))), 244),
    "colour-with-alpha.png": (Image.merge("RGBA", (*[GREY] * 3, Image.new("L", (8, 6)))), 255),
    "sixteen-bits.png": (Image.fromarray(np.full((6, 8), 200 * 257, np.uint16)), 200),
    "ink.jpg": (
        Image.merge("CMYK", (*[Image.new("L", (8, 6), 55)] * 3, Image.new("L", (8, 6)))),
        200,
    ),
    "palette.gif": (GREY.convert("P"), 200),
    "one-bit.bmp": (GREY.convert("1", dither=Image.Dither.NONE), None),
}


@pytest.mark.parametrize("name", MODES)
def test_images_of_every_mode_are_read_or_named(folder, caplog, name):
    image, shade = MODES[name]
    image.save(folder / "dark" / name)
    splits = load_image_folder(folder).splits
    images = np.concatenate([arrays["image"] for arrays in splits.values()])
    assert np.count_nonzero(images[:, 0, 0, 0] == shade) == (shade is not None)
    assert (name in caplog.text) == (shade is None)

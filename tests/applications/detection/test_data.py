"""Images are laid into one size with their boxes, and faulty ones are left out or refused."""

import logging
import os

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from dlapps.applications.detection.data import BoxedData, load_boxed
from dlapps.errors import UsageError

ONE_BOX = "0 0.5 0.5 0.5 0.25\n"


@pytest.fixture
def folder(tmp_path):
    """Twelve grey images of 60x40 (width by height) with one box each, as YOLO has them."""
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    (tmp_path / "classes.txt").write_text("cell\n")
    for number in range(12):
        Image.new("L", (60, 40), 10 * number).save(tmp_path / f"images/{number}.png")
        (tmp_path / f"labels/{number}.txt").write_text(ONE_BOX)
    return tmp_path


def load(folder, **settings):
    return load_boxed(BoxedData(name="box_folder", path=folder, image_size=(64, 96), **settings))


def test_boxes_are_in_pixels_of_what_the_network_sees(folder):
    data = load(folder)
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 10,
        "validation": 1,
        "test": 1,
    }
    assert data.spec.image_shape == (64, 96, 3)
    columns = data["train"].columns
    # 60x40 goes 1.6 times into 96x64: the box of 30x10 around the middle is 48x16.
    np.testing.assert_allclose(columns["scale"], 1.6)
    np.testing.assert_allclose(columns["boxes"][:, 0], [[24, 24, 72, 40]] * 10, rtol=1e-5)
    assert (columns["classes"] == 0).all()


def test_images_have_as_many_places_for_boxes_as_the_fullest(folder):
    (folder / "labels/3.txt").write_text(3 * ONE_BOX)
    (folder / "labels/4.txt").write_text("")
    splits = load(folder).splits.values()
    assert {each.columns["classes"].shape[1] for each in splits} <= {1, 3}
    assert sum((each.columns["classes"] >= 0).sum() for each in splits) == 12 - 2 + 3


def test_what_cannot_be_decoded_is_left_out_and_named(folder, caplog):
    whole = (folder / "images/0.png").read_bytes()
    (folder / "images/5.png").write_bytes(whole[: len(whole) // 2])
    with caplog.at_level(logging.WARNING):
        data = load(folder)
    assert sum(map(len, data.splits.values())) == 11
    assert "cannot be decoded and are left out" in caplog.text
    assert "5.png" in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "shapes", "image_size": [64, 64]}, "shapes are 64x64"),
        ({"name": "shapes", "layout": "voc"}, "data.layout is for box_folder"),
        ({"name": "bccd", "class_names": ["a"]}, "data.class_names is for box_folder"),
        ({"name": "box_folder"}, "path"),
    ],
)
def test_settings_of_other_data_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        BoxedData(**settings)


def test_images_that_do_not_fit_into_memory_are_refused(folder):
    with pytest.raises(UsageError, match="do not fit into memory at 32000x32000"):
        load_boxed(BoxedData(name="box_folder", path=folder, image_size=(32000, 32000)))


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_bccd_is_as_published(tmp_path, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path)
    monkeypatch.setenv("DLAPPS_DATA_DIR", data_dir)
    data = load_boxed(BoxedData(name="bccd", image_size=(96, 128)))
    assert [len(data[name]) for name in ("train", "validation", "test")] == [205, 87, 72]
    columns = data["test"].columns
    np.testing.assert_allclose(columns["scale"], 0.2)
    is_there = columns["classes"] >= 0
    sides = columns["boxes"][..., 2:] - columns["boxes"][..., :2]
    assert (sides[is_there] > 0).all()
    medians = [np.median(sides[columns["classes"] == label], axis=0) for label in range(3)]
    red, white, platelets = (side.mean() for side in medians)
    assert platelets < red < white

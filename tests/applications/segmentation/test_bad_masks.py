"""What a user can hand to a segmentation that is wrong: every case one clear answer."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def make_folder(directory: Path) -> Path:
    """Four pairs of an image and its mask of two levels."""
    mask = np.repeat(np.array([[0], [255]], np.uint8), 12, axis=0).repeat(24, axis=1)
    for kind in ("images", "masks"):
        (directory / "mine" / kind).mkdir(parents=True)
        for number in range(4):
            Image.fromarray(mask).save(directory / "mine" / kind / f"{number}.png")
    return directory / "mine"


@pytest.fixture
def folder(tmp_path) -> Path:
    return make_folder(tmp_path)


@pytest.fixture(scope="module")
def train_on(dlapps, tiny):
    """Trains on a folder of images and masks, with further settings."""

    def train(folder, *settings):
        small = ("model.filters=2", "model.depth=1", f"data.path={folder}", *settings)
        options = [part for setting in small for part in ("--set", setting)]
        run = ("--run", folder.parent / "run", *tiny, *options)
        return dlapps("segmentation", "train", "mask_folder_unet", *run)

    return train


@pytest.fixture(scope="module")
def run(train_on, tmp_path_factory) -> Path:
    """A finished run, to be asked but not changed; its images are in mine/ beside it."""
    folder = make_folder(tmp_path_factory.mktemp("trained"))
    answer = train_on(folder)
    assert answer.exit_code == 0, answer.stderr
    return folder.parent / "run"


def test_an_empty_folder_is_refused(train_on, tmp_path):
    (tmp_path / "empty").mkdir()
    train_on(tmp_path / "empty").assert_refused(tmp_path / "empty", "images/1.jpg and masks/1.png")


def test_an_image_without_a_mask_is_named(train_on, folder):
    (folder / "masks/2.png").unlink()
    train_on(folder).assert_refused(f"{folder}/images/2.png has no mask")


def test_a_mask_without_an_image_is_named(train_on, folder):
    (folder / "images/2.png").unlink()
    train_on(folder).assert_refused(f"{folder}/masks/2.png has no image")


def test_a_mask_of_another_size_is_named(train_on, folder):
    Image.new("L", (10, 12)).save(folder / "masks/2.png")
    train_on(folder).assert_refused(f"{folder}/masks/2.png is 12x10", "24x24")


def test_a_value_that_is_no_class_is_named(train_on, folder):
    Image.new("L", (24, 24), 9).save(folder / "masks/2.png")
    answer = train_on(folder, "data.mask_values=[0, 255]")
    answer.assert_refused(f"{folder}/masks/2.png holds the value 9", "data.void_value")


def test_a_crop_larger_than_the_images_is_refused(train_on, folder):
    answer = train_on(folder, "data.augmentation.crop=32")
    answer.assert_refused("data.augmentation.crop 32 is larger", "24x24")


def test_what_is_no_image_is_named_by_predict(dlapps, run, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    answer = dlapps("segmentation", "predict", run, tmp_path / "notes.txt")
    answer.assert_refused(tmp_path / "notes.txt", "is not an image this program can read")


def test_files_are_written_for_what_is_an_image_beside_what_is_none(dlapps, run, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    inputs = (run.parent / "mine/images/1.png", tmp_path / "notes.txt")
    answer = dlapps("segmentation", "predict", run, *inputs, "--to", tmp_path / "answers")
    assert answer.exit_code == 1
    assert f"{tmp_path}/notes.txt is not an image" in answer.stderr
    written = sorted(path.name for path in (tmp_path / "answers").iterdir())
    assert written == ["1_mask.png", "1_overlay.png"]


def test_inputs_of_one_name_do_not_overwrite_each_other(dlapps, run, tmp_path):
    folder = run.parent / "mine"
    inputs = (folder / "images/1.png", folder / "masks/1.png")
    answer = dlapps("segmentation", "predict", run, *inputs, "--to", tmp_path / "answers", "--json")
    assert answer.exit_code == 0, answer.stderr
    written = sorted(path.name for path in (tmp_path / "answers").iterdir())
    assert written == ["1_2_mask.png", "1_2_overlay.png", "1_mask.png", "1_overlay.png"]
    explained = dlapps("segmentation", "explain", run, *inputs, "--json")
    assert explained.exit_code == 0, explained.stderr
    assert [path.rsplit("/", 1)[1] for path in explained.document["files"]] == [
        "1.png", "1_explained.png", "1_2.png", "1_2_explained.png",
    ]  # fmt: skip

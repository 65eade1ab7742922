"""What is asked of style transfer, and what is refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlapps.applications.style_transfer.application import StyleTransfer
from dlapps.applications.style_transfer.data import StyleData, load_content, load_contents
from dlapps.config.files import find_config, read_text
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config

SMALL = (
    "features.weights=none", "data.style_size=40", "data.image_size=[32, 32]",
)  # fmt: skip


@pytest.fixture
def photos(tmp_path) -> Path:
    """Twenty photos of one colour each, in folders, and a file that is none."""
    (tmp_path / "deep").mkdir()
    for number in range(20):
        folder = tmp_path / "deep" if number % 2 else tmp_path
        Image.new("RGB", (20, 12), (number, 0, 0)).save(folder / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def test_a_folder_of_photos_is_divided_without_classes(photos):
    settings = StyleData(name="image_folder", path=photos, image_size=(8, 10))
    data = load_contents(settings)
    images = {split: data[split].columns["image"] for split in ("train", "validation", "test")}
    assert [each.shape for each in images.values()] == [(n, 8, 10, 3) for n in (16, 2, 2)]
    colours = np.concatenate([each[:, 0, 0, 0] for each in images.values()])
    assert sorted(colours) == list(range(20))
    assert data.fingerprints() == load_contents(settings).fingerprints()


def test_one_image_keeps_its_proportions(tmp_path):
    Image.new("RGB", (600, 300)).save(tmp_path / "large.png")
    Image.new("RGB", (60, 30)).save(tmp_path / "small.png")
    for name, shape in (("large", (128, 256, 3)), ("small", (30, 60, 3))):
        data = load_content(StyleData(name="image", path=tmp_path / f"{name}.png", batch_size=1))
        assert data.spec.image_shape == shape
        assert data["test"].columns["image"].shape == (1, *shape)


def test_another_style_is_other_data(photos):
    drawn = load_contents(StyleData(name="image_folder", path=photos)).spec
    given = load_contents(StyleData(name="image_folder", path=photos, style=photos / "0.png")).spec
    assert drawn.style_sha256 != given.style_sha256


def test_what_can_be_no_folder_of_photos_is_named(photos, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for path, words in ((empty, "holds 0 images"), (photos / "nowhere", "does not exist")):
        with pytest.raises(UsageError, match=words):
            load_contents(StyleData(name="image_folder", path=path))


@pytest.mark.parametrize(
    ("config", "settings", "words"),
    [
        ("shapes_fast_style_transfer", ["data.style={notes}"], ["notes.txt is not an image"]),
        (
            "shapes_fast_style_transfer",
            ["data.style=nowhere.png"],
            ["no image file", "nowhere.png"],
        ),
        (
            "shapes_fast_style_transfer",
            ["loss.style_layers=[conv1, fire22]"],
            ["loss.style_layers cannot be 'fire22'", "did you mean fire2"],
        ),
        (
            "shapes_fast_style_transfer",
            ["loss.content_layers=[fire33]"],
            ["loss.content_layers cannot be 'fire33'", "did you mean fire3"],
        ),
        ("shapes_fast_style_transfer", ["data.image_size=[20, 40]"], ["32 pixels a side or more"]),
        ("shapes_fast_style_transfer", ["data.style_size=20"], ["32 pixels a side or more"]),
    ],
)
def test_what_cannot_be_learned_from_is_refused_before_training(
    dlapps, tiny, photos, tmp_path, config, settings, words
):
    settings = [*SMALL, *(each.format(notes=photos / "notes.txt") for each in settings)]
    options = [part for text in settings for part in ("--set", text)]
    answer = dlapps("style_transfer", "train", config, "--run", tmp_path / "run", *tiny, *options)
    answer.assert_refused(*words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("config", "setting", "words"),
    [
        ("shapes_fast_style_transfer", "data.name=image", "data.path is missing"),
        ("shapes_gatys_style_transfer", "data.batch_size=2", "data.batch_size is 1"),
        ("shapes_gatys_style_transfer", "data.name=image_folder", "data.path is missing"),
        ("image_deep_dream", "data.name=image_folder", "shapes or image, not image_folder"),
        ("image_folder_fast_style_transfer", "data.name=image", "not image"),
        ("image_deep_dream", "model.octave_scale=1", "greater than 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(config, setting, words):
    text = read_text(find_config("style_transfer", config).path)
    with pytest.raises(UsageError, match=words):
        read_config("style_transfer", text, config, [setting])


def test_a_run_of_one_picture_learns_another_content_in_another_style(photos, tmp_path):
    for name in ("lake", "painting"):
        Image.new("RGB", (44, 36), (0, 0, 200)).save(photos / f"{name}.png")
    text = read_text(find_config("style_transfer", "shapes_gatys_style_transfer").path)
    settings = [*SMALL, "training.steps=2"]
    application = StyleTransfer(read_config("style_transfer", text, "gatys", settings))
    lake = f"{photos}/lake.png"
    asked = [f"{lake}:{photos}/painting.png", f"{lake}:{photos}/2.png", f"{lake}:nowhere.png"]
    painted, *refused = application.predict(None, None, asked, tmp_path / "answers")
    with Image.open(painted["picture"]) as picture:
        assert picture.size == (44, 36)
    assert Path(painted["picture"]).name == "lake_in_painting_picture.png"
    assert [set(record) for record in refused] == 2 * [{"input", "error"}]

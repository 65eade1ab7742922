"""Training knows what is in an image, and never where: not of train, nor of validation."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlapps.applications.weak_localization.data import (
    PresenceAugmentation,
    WeakData,
    augmented_images,
    load_weak,
    weakened,
)
from dlapps.errors import UsageError
from dlapps.runs.directory import create_run, read_config
from dlapps.runs.trained import open_run

CONFIG = """
application: weak_localization
data: {name: box_folder, path: DIR, image_size: [32, 32], batch_size: 4}
model: {name: class_activation_network, encoder: plain, weights: none, filters: 2, stride: 4,
  pooling: POOLING}
training: {steps: 4, checkpoint_every: 2, validate_every: 2, steps_per_call: 1,
  restore_best_weights: false, device: cpu, precision: float32}
"""


@pytest.fixture
def folder(tmp_path):
    """Twelve images of 48x32 (width by height) with boxes of two classes, as YOLO has them."""
    made = tmp_path / "boxes"
    for kind in ("images", "labels"):
        (made / kind).mkdir(parents=True)
    (made / "classes.txt").write_text("cell\nplatelet\n")
    random = np.random.default_rng(0)
    for number in range(12):
        pixels = random.integers(0, 256, (32, 48, 3), np.uint8)
        Image.fromarray(pixels).save(made / f"images/{number}.png")
        lines = [f"{label} 0.25 0.5 0.25 0.5\n" for label in {number % 2, number // 6}]
        (made / f"labels/{number}.txt").write_text("".join(lines))
    return made


def elsewhere(folder: Path) -> Path:
    """The same images with the same classes, whose every box lies somewhere else."""
    other = Path(shutil.copytree(folder, folder.with_name("elsewhere")))
    for number, file in enumerate(sorted(other.glob("labels/*.txt"))):
        kinds = [line.split()[0] for line in file.read_text().splitlines()]
        place = 0.2 + 0.05 * number
        file.write_text("".join(f"{kind} {place} 0.4 0.1 0.3\n" for kind in kinds * 2))
    return other


def load(path, **settings):
    return load_weak(WeakData(name="box_folder", path=path, image_size=(32, 32), **settings))


def weights_after_training(path: Path, pooling: str, directory: Path) -> list[np.ndarray]:
    text = CONFIG.replace("DIR", str(path)).replace("POOLING", pooling)
    config = read_config("weak_localization", text, "weak")
    run = create_run("weak_localization", config, directory)
    assert run.train("weak")["step"] == 4
    return open_run("weak_localization", directory).model.get_weights()


@pytest.mark.parametrize("pooling", ["log_sum_exp", "attention"])
def test_weights_do_not_depend_on_any_box(folder, tmp_path, pooling):
    other = elsewhere(folder)
    one = weights_after_training(folder, pooling, tmp_path / "one")
    two = weights_after_training(other, pooling, tmp_path / "two")
    assert len(one) > 10
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    # The boxes are other ones, as those of validation show.
    boxes = [load(path)["validation"].columns["boxes"] for path in (folder, other)]
    assert boxes[0].shape != boxes[1].shape or (boxes[0] != boxes[1]).any()


def test_there_is_nothing_to_learn_from_but_presence(folder):
    data = load(folder)
    assert set(data["train"].columns) == {"image", "presence"}
    assert data["train"].fingerprint() == load(elsewhere(folder))["train"].fingerprint()
    shapes = load_weak(WeakData(name="shapes", num_examples=5))
    assert set(shapes["train"].columns) == {"image", "presence"}
    assert {"boxes", "classes", "mask"} <= set(shapes["test"].columns)


def test_presence_is_which_classes_there_are():
    columns = {"image": np.zeros((3, 4, 4, 3)), "classes": np.array([[1, -1], [1, 0], [-1, -1]])}
    np.testing.assert_array_equal(weakened(columns, 2)["presence"], [[0, 1], [1, 1], [0, 0]])


def test_boxes_are_in_pixels_of_the_stretched_image(folder):
    (folder / "labels").joinpath("0.txt").write_text("0 0.5 0.5 1 1\n")
    data = load(folder)
    for split in ("validation", "test"):
        columns = data[split].columns
        boxes = columns["boxes"][columns["classes"] >= 0]
        # A quarter of the width and half of the height, of 32 pixels each.
        assert len(boxes)
        np.testing.assert_allclose(boxes, [[4, 8, 12, 24]] * len(boxes), rtol=1e-5)


def test_background_images_have_nothing(folder, tmp_path):
    for number in range(5):
        image = Image.new("RGB", (20, 20), (number, 0, 0))
        (tmp_path / "photos").mkdir(exist_ok=True)
        image.save(tmp_path / f"photos/{number}.png")
    with_background = load(folder, background=tmp_path / "photos")
    sizes = {name: len(split) for name, split in with_background.splits.items()}
    assert sizes == {"train": 13, "validation": 2, "test": 2}
    assert with_background["train"].columns["presence"].sum(axis=1).min() == 0
    assert (with_background["test"].columns["classes"][-1] == -1).all()
    with pytest.raises(UsageError, match="has 0 images that can be read"):
        load(folder, background=folder / "labels")


def test_a_folder_a_class_is_presence_and_one_is_called_background(tmp_path):
    for name in ("background", "cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(6):
            Image.new("RGB", (40, 40), (number, 9, 9)).save(tmp_path / name / f"{number}.png")
    data = load_weak(WeakData(name="image_folder", path=tmp_path, image_size=(32, 32)))
    assert data.spec.class_names == ("cat", "dog")
    presence = data["train"].columns["presence"]
    assert sorted(map(tuple, np.unique(presence, axis=0))) == [(0, 0), (0, 1), (1, 0)]
    assert "boxes" not in data["test"].columns


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "shapes", "image_size": [64, 64]}, "image_size is for bccd and box_folder"),
        ({"name": "image_folder", "path": "x", "layout": "voc"}, "layout is for box_folder"),
        ({"name": "bccd", "background": "x"}, "background is for box_folder"),
        ({"name": "box_folder"}, "data.path is missing"),
    ],
)
def test_settings_of_other_data_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        WeakData(**settings)


def test_a_monitor_that_would_need_boxes_is_refused():
    text = CONFIG.replace("restore_best_weights: false", "monitor: max_box_accuracy_v2")
    with pytest.raises(UsageError, match=r"training\.monitor is one of loss"):
        read_config("weak_localization", text.replace("POOLING", "max"), "weak")


def test_views_are_mirrored_both_ways():
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    settings = PresenceAugmentation(flip=True, vertical_flip=True)
    draws = np.full((2, 11), 0.9, np.float32)
    draws[1, [3, 6]] = 0.1
    kept, mirrored = 255 * augmented_images(images, draws, settings).numpy()
    np.testing.assert_allclose(kept, images[0], atol=1e-3)
    np.testing.assert_allclose(mirrored, images[1, ::-1, ::-1], atol=1e-3)


def test_what_all_images_have_tells_nothing(folder, caplog):
    for file in folder.glob("labels/*.txt"):
        file.write_text(file.read_text() + "0 0.5 0.5 0.2 0.2\n")
    load(folder)
    assert "All training images have cell" in caplog.text
    for file in folder.glob("labels/*.txt"):
        file.write_text(file.read_text() + "1 0.5 0.5 0.2 0.2\n")
    with pytest.raises(UsageError, match=r"the same in them \(cell, platelet\).*data\.background"):
        load(folder)


def test_more_classes_than_a_mask_can_tell_apart_are_refused(folder):
    names = ("cell", "platelet", *(f"kind {number}" for number in range(253)))
    with pytest.raises(UsageError, match="There are 255 classes, and masks tell 254 apart at most"):
        load(folder, class_names=names)


@pytest.mark.parametrize("name", ["bccd", "box_folder"])
def test_images_that_no_memory_holds_are_refused(folder, name, monkeypatch):
    path = folder if name == "box_folder" else None
    if name == "bccd":
        few = {"image": [np.zeros((4, 4, 3), np.uint8)]}
        monkeypatch.setattr("dlapps.data.boxes.columns.load_published", lambda _: {"train": few})
    settings = WeakData(name=name, path=path, image_size=(64000, 64000))
    with pytest.raises(UsageError, match=r"do not fit into memory at 64000x64000; make them small"):
        load_weak(settings)


def test_images_without_anything_count_too(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("dlapps.data.boxes.columns.MEMORY_LIMIT", 14 * 32 * 32 * 3)
    (tmp_path / "photos").mkdir()
    for number in range(3):
        Image.new("RGB", (20, 20)).save(tmp_path / f"photos/{number}.png")
    with pytest.raises(UsageError, match=r"The 15 images of data\.path and .*photos do not fit"):
        load(folder, background=tmp_path / "photos")

"""Every data set of segmentation comes in its stated splits, as images and class indices."""

import os
from pathlib import Path

import numpy as np
import pydantic
import pytest
import tensorflow_datasets as tfds

from dlapps.applications.segmentation.data import MaskedData, MaskSpec, load_masks
from dlapps.applications.segmentation.mask_values import VOID


def test_shapes_are_split_by_number_and_never_alike():
    data = load_masks(MaskedData(name="shapes", num_examples=10))
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 10, "validation": 2, "test": 2,
    }  # fmt: skip
    names = ("background", "circle", "square", "triangle")
    assert data.spec == MaskSpec(channels=3, class_names=names)
    images = [image.tobytes() for split in data.splits.values() for image in split.columns["image"]]
    assert len(set(images)) == 14


def test_the_spec_survives_json():
    spec = MaskSpec(channels=1, class_names=("a", "b"), image_size=(4, 5))
    assert MaskSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "mask_folder"}, "data.path"),
        ({"name": "shapes", "path": "x"}, "data.path"),
        ({"name": "shapes", "image_size": [8, 8]}, "image_size is for mask_folder and oxford"),
        ({"name": "isbi2012", "channels": 3}, "channels is for mask_folder"),
        ({"name": "isbi2012", "class_names": ["a", "b"]}, "class_names is for mask_folder"),
        ({"name": "shapes", "mask_values": [0, 1]}, "mask_values is for mask_folder"),
        ({"name": "shapes", "void_value": 0}, "void_value is for mask_folder"),
        ({"name": "camvid", "void_value": 11}, "void_value is for mask_folder"),
        ({"name": "coco"}, "mask_folder"),
    ],
)
def test_settings_that_belong_to_other_data_are_refused(wrong, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        MaskedData(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"class_names": ["a", "b", "c"], "mask_values": [1, 2]}, "differ in number"),
        ({"class_names": ["a"]}, "at least 2"),
        ({"class_names": ["a", "b", "a"]}, "one name twice"),
        ({"class_names": [*map(str, range(256))]}, "at most 255"),
        ({"mask_values": []}, "at least 2"),
        ({"mask_values": [7]}, "at least 2"),
        ({"mask_values": [*range(256)]}, "at most 255"),
        ({"mask_values": [0, 9, 9]}, "one value twice"),
        ({"mask_values": [0, 9], "void_value": 9}, "void_value 9 is also one of"),
        ({"mask_values": ["#ff0000", 9]}, "all numbers, or all colours"),
        ({"mask_values": ["#ff0000", "#00ff00"], "void_value": 9}, "all numbers, or all colours"),
        ({"mask_values": ["#ff0000", "#FF0000"]}, "one value twice"),
        ({"mask_values": ["red", "#00ff00"]}, "#"),
    ],
)
def test_classes_that_cannot_be_told_apart_are_refused(wrong, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        MaskedData(name="mask_folder", path="x", **wrong)


def test_255_classes_and_void_are_as_many_as_there_can_be():
    settings = MaskedData(
        name="mask_folder", path="x", mask_values=[*range(255)], void_value=255, image_size=[8, 9]
    )
    assert len(settings.mask_values) == 255


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_isbi2012_is_split_by_sections(tmp_path, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path)
    monkeypatch.setenv("DLAPPS_DATA_DIR", str(Path(data_dir)))
    data = load_masks(MaskedData(name="isbi2012"))
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 20, "validation": 4, "test": 6,
    }  # fmt: skip
    assert data["test"].columns["image"].shape == (6, 512, 512, 1)
    assert data["test"].columns["mask"].shape == (6, 512, 512)
    # Membranes are dark and thin: class 0 is darker and rarer.
    image, mask = data["test"].columns["image"][..., 0], data["test"].columns["mask"]
    assert image[mask == 0].mean() < image[mask == 1].mean() - 30
    assert 0.15 < np.mean(mask == 0) < 0.3
    sections = [
        image.tobytes() for split in data.splits.values() for image in split.columns["image"]
    ]
    assert len(set(sections)) == 30


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_each_section_is_tested_on_in_one_fold(tmp_path, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path)
    monkeypatch.setenv("DLAPPS_DATA_DIR", str(Path(data_dir)))
    tested = []
    for fold in range(5):
        data = load_masks(MaskedData(name="isbi2012", fold=fold))
        of = {
            name: {image.tobytes() for image in split.columns["image"]}
            for name, split in data.splits.items()
        }
        assert {name: len(images) for name, images in of.items()} == {
            "train": 20, "validation": 4, "test": 6,
        }  # fmt: skip
        assert not (of["train"] | of["validation"]) & of["test"]
        tested += of["test"]
    assert len(set(tested)) == len(tested) == 30


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_camvid_is_split_as_published(tmp_path, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path)
    monkeypatch.setenv("DLAPPS_DATA_DIR", str(Path(data_dir)))
    data = load_masks(MaskedData(name="camvid"))
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 367, "validation": 101, "test": 233,
    }  # fmt: skip
    images, masks = data["test"].columns["image"], data["test"].columns["mask"]
    assert images.shape == (233, 180, 240, 3)
    assert masks.shape == (233, 180, 240)
    assert set(np.unique(masks)) == {*range(11), VOID}
    # The sky is brighter than the road, and above it.
    names = data.spec.class_names
    sky, road = masks == names.index("sky"), masks == names.index("road")
    assert images[sky].mean() > images[road].mean() + 50
    assert np.nonzero(sky)[1].mean() < np.nonzero(road)[1].mean() - 50
    # Nothing counts for 3.9 % of the pixels, as was counted in the publisher's files.
    assert np.mean(masks == VOID) == pytest.approx(0.0386, abs=1e-4)
    everything = [image.tobytes() for s in data.splits.values() for image in s.columns["image"]]
    assert len(set(everything)) == 701


def test_only_what_has_folds_takes_one():
    with pytest.raises(pydantic.ValidationError, match=r"data\.fold is for isbi2012"):
        MaskedData(name="shapes", fold=1)
    with pytest.raises(pydantic.ValidationError):
        MaskedData(name="isbi2012", fold=5)


def pets(self, dl_manager):
    """What the builder would make of the publisher's archives."""

    def some(first, last):
        for number in range(first, last):
            trimap = np.full((30 + number, 40, 1), 2, np.uint8)
            trimap[:10], trimap[10:20] = 1, 3
            yield (
                number,
                {
                    "image": np.full((*trimap.shape[:2], 3), 10 * (number % 20), np.uint8),
                    "label": 0,
                    "species": 0,
                    "file_name": f"{number}.jpg",
                    "segmentation_mask": trimap,
                    "head_bbox": tfds.features.BBox(0.0, 0.0, 1.0, 1.0),
                },
            )

    return {"train": some(0, 20), "test": some(20, 25)}


def test_pets_are_resized_as_they_are_read_and_their_trimaps_are_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAPPS_DATA_DIR", str(tmp_path))
    builder = tfds.builder("oxford_iiit_pet:4.0.0", data_dir=tmp_path)
    monkeypatch.setattr(type(builder), "_split_generators", pets)
    builder.download_and_prepare()
    data = load_masks(MaskedData(name="oxford_iiit_pet", image_size=[30, 20]))
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 18, "validation": 2, "test": 5,
    }  # fmt: skip
    assert data.spec == MaskSpec(
        channels=3, class_names=("background", "pet", "border"), image_size=(30, 20)
    )
    columns = data["train"].columns
    assert columns["image"].shape == (18, 30, 20, 3)
    assert columns["image"].dtype == columns["mask"].dtype == np.uint8
    for mask in columns["mask"]:
        assert mask[0, 0] == 1
        assert mask[-1, -1] == 0
        assert set(np.unique(mask)) == {0, 1, 2}

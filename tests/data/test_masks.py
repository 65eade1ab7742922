"""Every data set of segmentation comes in its stated splits, as images and class indices."""

import os
from pathlib import Path

import numpy as np
import pydantic
import pytest

from dlapps.data.masks import MaskedData, MaskSpec, load_masks


def test_shapes_are_split_by_number_and_never_alike():
    data = load_masks(MaskedData(name="shapes", num_examples=10))
    assert {name: len(split) for name, split in data.named().items()} == {
        "train": 10, "validation": 2, "test": 2,
    }  # fmt: skip
    assert data.spec == MaskSpec(3, ("background", "circle", "square", "triangle"))
    images = [
        image.tobytes() for split in data.named().values() for image in split.columns["image"]
    ]
    assert len(set(images)) == 14


def test_the_spec_survives_json():
    spec = MaskSpec(1, ["a", "b"], [4, 5])
    assert spec == MaskSpec(1, ("a", "b"), (4, 5))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "mask_folder"},
        {"name": "shapes", "path": "x"},
        {"name": "mask_folder", "path": "x", "class_names": ["a"], "mask_values": [1, 2]},
        {"name": "coco"},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(pydantic.ValidationError):
        MaskedData(**wrong)


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_isbi2012_is_split_by_sections(tmp_path, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path)
    monkeypatch.setenv("DLAPPS_DATA_DIR", str(Path(data_dir)))
    data = load_masks(MaskedData(name="isbi2012"))
    assert {name: len(split) for name, split in data.named().items()} == {
        "train": 20, "validation": 4, "test": 6,
    }  # fmt: skip
    assert data.test.columns["image"].shape == (6, 512, 512, 1)
    assert data.test.columns["mask"].shape == (6, 512, 512)
    # Membranes are dark and thin: class 0 is darker and rarer.
    image, mask = data.test.columns["image"][..., 0], data.test.columns["mask"]
    assert image[mask == 0].mean() < image[mask == 1].mean() - 30
    assert 0.15 < np.mean(mask == 0) < 0.3
    sections = [
        image.tobytes() for split in data.named().values() for image in split.columns["image"]
    ]
    assert len(set(sections)) == 30

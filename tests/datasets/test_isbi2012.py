"""The sections of ISBI 2012 come from the archive as asked for, their masks as 0 and 1."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from dlapps.datasets.isbi2012 import Isbi2012
from dlapps.datasets.isbi2012.isbi2012 import TEST_SECTIONS


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def archive(tmp_path):
    """Three sections of one shade each, half of every label at 255 and half at its number."""
    with zipfile.ZipFile(tmp_path / "sections.zip", "w") as files:
        for number in range(3):
            label = np.repeat(np.array([[number], [255]], np.uint8), 4, axis=1)
            files.writestr(f"isbi2012/image/{number}.png", png(np.full_like(label, 50 + number)))
            files.writestr(f"isbi2012/label/{number}.png", png(label))
    return tmp_path / "sections.zip"


def test_sections_have_their_own_image_and_mask(archive, tmp_path):
    builder = Isbi2012(data_dir=tmp_path)
    examples = dict(builder._generate_examples(archive, (2, 0)))
    assert list(examples) == [2, 0]
    for number, example in examples.items():
        assert example["image"].shape == example["mask"].shape == (2, 4, 1)
        assert example["image"].dtype == example["mask"].dtype == np.uint8
        assert np.all(example["image"] == 50 + number)
        np.testing.assert_array_equal(example["mask"][..., 0], [[0] * 4, [1] * 4])


def test_every_fifth_section_is_for_testing():
    assert TEST_SECTIONS == (4, 9, 14, 19, 24, 29)

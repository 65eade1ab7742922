"""The frames of CamVid come from the archive with the masks that are theirs, split by split."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from dlapps.datasets.camvid import CLASS_NAMES, VOID_CLASS, Camvid


@pytest.fixture
def archive(tmp_path):
    """Two frames for training and one for testing, each mask full of its frame's number."""
    path = tmp_path / "frames.tar"
    with tarfile.open(path, "w") as files:
        for folder, name, number in (("train", "b", 1), ("train", "a", 2), ("test", "a", 3)):
            for place, mode in (
                (f"{folder}/{name}.jpg", "RGB"),
                (f"{folder}_labels/{name}.png", "L"),
            ):
                content = io.BytesIO()
                Image.new(mode, (4, 3), number if mode == "L" else (60 * number,) * 3).save(
                    content, "PNG" if mode == "L" else "JPEG"
                )
                member = tarfile.TarInfo(f"camvid/{place}")
                member.size = content.tell()
                content.seek(0)
                files.addfile(member, content)
    return path


@pytest.mark.parametrize(("folder", "numbers"), [("train", {"a": 2, "b": 1}), ("test", {"a": 3})])
def test_a_frame_has_its_own_mask(archive, tmp_path, folder, numbers):
    examples = Camvid(data_dir=tmp_path)._generate_examples(archive, folder)
    found = {}
    for name, files in examples:
        image, mask = (np.asarray(Image.open(files[key])) for key in ("image", "mask"))
        assert image.shape[:2] == mask.shape == (3, 4)
        assert np.all(np.abs(image.astype(int) - 60 * numbers[name]) <= 2)
        (found[name],) = np.unique(mask)
    assert found == numbers
    assert list(found) == sorted(found)


def test_void_is_none_of_the_classes():
    assert len(set(CLASS_NAMES)) == len(CLASS_NAMES) == VOID_CLASS

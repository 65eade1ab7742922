"""The photos of Flickr8k come with their own captions, in the split that lists them."""

import io
import tarfile

import pytest

from dlapps.datasets.flickr8k import Flickr8k


@pytest.fixture
def archive(tmp_path):
    files = {
        "captions.txt": "a.jpg#0\tA dog .\nb.jpg#0\tA cat .\n"
        "a.jpg#1\tTwo # dogs .\nb.jpg#1\tCats\n",
        "train.txt": "b.jpg\na.jpg\n",
        "test.txt": "",
        "images/a.jpg": "photo a",
        "images/b.jpg": "photo b",
    }
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"flickr8k/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return tmp_path / "photos.tar"


def test_a_photo_has_its_captions(archive, tmp_path):
    builder = Flickr8k(data_dir=tmp_path)
    examples = builder._generate_examples(archive, "train")
    assert [(name, e["image"].read(), e["captions"]) for name, e in examples] == [
        ("b.jpg", b"photo b", ["A cat .", "Cats"]),
        ("a.jpg", b"photo a", ["A dog .", "Two # dogs ."]),
    ]
    assert not list(builder._generate_examples(archive, "test"))

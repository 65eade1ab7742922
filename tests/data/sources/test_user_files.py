"""A pipe or a device where a file should be is refused by name, and nothing waits for it."""

import logging
import os

import numpy as np
import pytest
from PIL import Image

from dlapps.applications.segmentation.mask_folder import load_mask_folder
from dlapps.applications.speech.wav_folder import load_wav_folder
from dlapps.data.audio.recordings import encode_wav, read_recording
from dlapps.data.images.decoding import read_image
from dlapps.data.images.folder import load_image_folder
from dlapps.data.sources.text_files import read_lines
from dlapps.data.sources.user_files import read_file
from dlapps.errors import UsageError

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_file(device):
    with pytest.raises(OSError, match="a pipe or a device"):
        read_file(device)


def test_a_pipe_is_no_image_recording_or_text(pipe):
    readers = (
        lambda path: read_image(path, (8, 8, 1)),
        read_recording,
        lambda path: read_lines(path, "Name another."),
    )
    for read in readers:
        with pytest.raises(UsageError, match=f"{pipe} cannot be read: It is a pipe or a device"):
            read(pipe)


def test_a_link_to_a_file_is_that_file(tmp_path):
    (tmp_path / "file").write_bytes(b"contents")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_file(tmp_path / "link") == b"contents"


@pytest.mark.parametrize(
    ("load", "suffix", "contents"),
    [
        (load_image_folder, ".png", None),
        (lambda path: load_wav_folder(path, 0.1), ".wav", encode_wav(np.ones(9, np.int16), 8000)),
    ],
)
def test_a_class_folder_leaves_a_pipe_out_by_name(tmp_path, caplog, load, suffix, contents):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        os.mkfifo(tmp_path / name / f"pipe{suffix}")
        for number in range(4):
            file = tmp_path / name / f"{number}{suffix}"
            file.write_bytes(contents) if contents else Image.new("L", (4, 4)).save(file)
    with caplog.at_level(logging.WARNING):
        load(tmp_path)
    assert "2 of 10" in caplog.text
    assert str(tmp_path / "b" / f"pipe{suffix}") in caplog.text


def test_a_folder_of_masks_leaves_a_pipe_out_by_name(tmp_path, caplog):
    for name in ("images", "masks"):
        for split, count in (("train", 4), ("validation", 1), ("test", 1)):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(np.eye(4, dtype=np.uint8)).save(folder / f"{number}.png")
    for pipe in ("images/0.png", "masks/1.png"):
        (tmp_path / "train" / pipe).unlink()
        os.mkfifo(tmp_path / "train" / pipe)
    with caplog.at_level(logging.WARNING):
        loaded = load_mask_folder(tmp_path)
    assert len(loaded.splits["train"]["image"]) == 2
    assert str(tmp_path / "train/images/0.png") in caplog.text
    assert str(tmp_path / "train/masks/1.png") in caplog.text

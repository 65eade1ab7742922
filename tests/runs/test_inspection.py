"""A look at data finds what was hidden in it."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from dlapps.config.files import find_any_config, read_text
from dlapps.datasets.shapes import make_boxed_shapes
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config
from dlapps.runs.inspection import inspect_data


def inspected(tmp_path, config: str, *assignments: str) -> dict:
    application, file = find_any_config(config)
    settings = read_config(application, read_text(file.path), file.name, assignments)
    return inspect_data(settings, file.name, tmp_path / "inspection")


@pytest.fixture
def folder(tmp_path):
    """Two classes; one image of train is also in test under another label, one is black."""
    random = np.random.default_rng(0)
    for split in ("train", "validation", "test"):
        for name in ("cat", "dog"):
            directory = tmp_path / "pets" / split / name
            directory.mkdir(parents=True)
            for number in range(6):
                pixels = random.integers(0, 256, (20 + number, 30, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(directory / f"{number}.png")
    pets = tmp_path / "pets"
    shutil.copy(pets / "train/cat/3.png", pets / "test/dog/copy.png")
    Image.new("RGB", (30, 30)).save(pets / "train/dog/black.png")
    return pets


def test_what_is_wrong_with_a_folder_is_found(tmp_path, folder):
    found = inspected(tmp_path, "image_folder_lenet5", f"data.path={folder}")
    assert found["splits"]["train"]["classes"] == {"cat": 6, "dog": 7}
    assert found["splits"]["train"]["without_content"] == ["train/dog/black.png"]
    assert found["file_sizes"]["height"] == {"smallest": 20, "median": 23, "largest": 30}
    assert found["duplicates"]["counts"] == {"train and test": {"equal": 1, "alike": 0}}
    assert found["duplicates"]["labels_differ"] == 1
    (pair,) = found["duplicates"]["pairs"]
    assert pair["first"] == {"split": "train", "name": "train/cat/3.png", "label": "cat"}
    assert pair["second"] == {"split": "test", "name": "test/dog/copy.png", "label": "dog"}
    written = {file.rpartition("/")[2] for file in found["files"]}
    assert written == {"inspection.json", "balance.png", "mean_images.png", "duplicates.png"}
    document = json.loads((tmp_path / "inspection/inspection.json").read_text())
    assert document == {key: value for key, value in found.items() if key != "files"}


def test_of_many_that_are_equal_each_is_paired_with_the_first_alone(tmp_path, folder):
    for number in range(4):
        shutil.copy(folder / "train/cat/3.png", folder / f"train/cat/again{number}.png")
    found = inspected(tmp_path, "image_folder_lenet5", f"data.path={folder}")
    assert found["duplicates"]["counts"] == {
        "train": {"equal": 4, "alike": 0},
        "train and test": {"equal": 1, "alike": 0},
    }


@pytest.mark.parametrize(
    ("config", "setting", "pictures"),
    [
        ("spirals_mlp", "data.num_examples=40", {"balance.png"}),
        ("shapes_unet", "data.num_examples=10", {"mean_images.png"}),
        ("shapes_fcos", "data.num_examples=10", {"balance.png", "mean_images.png"}),
        ("tones_keyword_cnn", "data.num_examples=20", {"balance.png"}),
        ("number_words_attention", "data.batch_size=8", {"lengths.png"}),
        ("python_modules_recurrent", "data.batch_size=8", {"balance.png", "lengths.png"}),
    ],
)
def test_data_of_every_kind_can_be_looked_at(tmp_path, config, setting, pictures):
    found = inspected(tmp_path, config, setting)
    names = {file.rpartition("/")[2] for file in found["files"]}
    assert names >= pictures | {"inspection.json"}
    assert all(split["num_examples"] > 0 for split in found["splits"].values())


def test_objects_are_counted_by_class(tmp_path):
    found = inspected(tmp_path, "shapes_fcos", "data.num_examples=20")["splits"]["train"]
    scenes = make_boxed_shapes(20)
    counts = np.bincount(scenes["classes"][scenes["classes"] >= 0])
    assert found["objects"] == dict(zip(("circle", "square", "triangle"), counts, strict=True))
    assert found["without_objects"] == 0


def test_an_agent_has_no_data(tmp_path):
    with pytest.raises(UsageError, match="games learns from what it does itself"):
        inspected(tmp_path, "cartpole_dqn")


def test_the_command_says_it_in_words(dlapps, tmp_path, folder):
    path = f"data.path={folder}"
    target = tmp_path / "out"
    answer = dlapps("data", "inspect", "image_folder_lenet5", "--set", path, "--to", target)
    assert answer.exit_code == 0, answer.stderr
    assert "train: 13 examples of 2 classes, from 6 (cat) to 7 (dog) of each" in answer.stdout
    assert "twice in train and test: 1 equal, 0 alike" in answer.stdout
    assert "train: train/cat/3.png (cat) = test: test/dog/copy.png (dog)" in answer.stdout

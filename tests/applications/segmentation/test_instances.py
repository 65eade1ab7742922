"""Masks that tell objects apart become one class of objects, and the weight of what is between."""

import keras
import numpy as np
import pydantic
import pytest
from PIL import Image

from dlapps.applications import load_application
from dlapps.applications.segmentation.data import MaskedData, load_masks
from dlapps.applications.segmentation.instances import read_instances, with_borders
from dlapps.data.splits import Examples
from dlapps.errors import UsageError
from dlapps.losses.border_weights import border_weights
from dlapps.runs.directory import read_config
from dlapps.training.steps import read_metrics

SIZE = (16, 24)
CONFIG = """
application: segmentation
data: {{name: mask_folder, path: {path}, instances: true, batch_size: 4}}
model: {{name: unet, filters: 2, depth: 1}}
loss: {{border_weight: 10, border_sigma: 2}}
training: {{steps: 1, learning_rate: 1e-3}}
"""


def cells():
    """Two cells with two columns between them, and one far off."""
    numbers = np.zeros(SIZE, np.uint16)
    numbers[2:8, 1:7], numbers[2:8, 9:14], numbers[13:, 20:] = 40, 7, 300
    return numbers


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def save_in(way, masks, name):
    """The cells in one file, in colours, or each in one."""
    numbers = cells()
    if way == "numbers":
        save(masks / f"{name}.png", numbers)
    elif way == "colours":
        colours = np.zeros((*SIZE, 3), np.uint8)
        colours[numbers > 0] = [200, 0, 9]
        colours[numbers == 7] = [1, 255, 0]
        colours[numbers == 300] = [2, 2, 2]
        save(masks / f"{name}.png", colours)
    else:
        for number in (40, 7, 300):
            save(
                masks / name / f"{number}.png", np.where(numbers == number, 255, 0).astype("uint8")
            )
        (masks / name / "notes.txt").write_text("not a mask")


@pytest.fixture(params=["numbers", "colours", "files"])
def folder(request, tmp_path):
    for number in range(4):
        save(tmp_path / "images" / f"{number}.png", np.full(SIZE, number, np.uint8))
        save_in(request.param, tmp_path / "masks", str(number))
    return tmp_path


def test_objects_are_told_apart_however_they_are_written(folder):
    data = load_masks(MaskedData(name="mask_folder", path=folder, instances=True))
    assert data.spec.class_names == ("background", "object")
    columns = data["train"].columns
    np.testing.assert_array_equal(columns["mask"][0], cells() > 0)
    found = columns["instances"][0]
    pairs = {*zip(found.ravel().tolist(), cells().ravel().tolist(), strict=True)}
    assert len(pairs) == 4, "each number is one cell's"
    assert (0, 0) in pairs


def test_training_weighs_what_is_between_them(tmp_path):
    for number in range(6):
        save(tmp_path / "images" / f"{number}.png", np.full(SIZE, number, np.uint8))
        save_in("numbers", tmp_path / "masks", str(number))
    text = CONFIG.format(path=tmp_path)
    application = load_application("segmentation")(read_config("segmentation", text, "test", ()))
    data = application.build_data()
    keras.utils.set_random_seed(0)
    model = application.build_model(data.spec)
    (stage,) = application.stages(model, data)
    images, masks, borders = next(iter(stage.batches.from_step(0)))
    np.testing.assert_allclose(borders[0], border_weights(cells(), 2.0))
    logits = model(images, training=False)
    expected = float(model.loss(masks, logits, borders))
    assert expected > float(model.loss(masks, logits)) * 1.01
    assert stage.validation is not None
    validated = stage.validation.measure()
    assert validated["loss"] == pytest.approx(expected, rel=1e-2)
    assert validated["loss"] > float(model.loss(masks, logits)) * 1.01
    assert "mean_iou" in read_metrics(model)


def test_without_numbers_each_region_of_a_class_is_an_object():
    mask = np.zeros((1, 9, 9), np.uint8)
    mask[0, :, :3], mask[0, :, 5:] = 1, 1
    examples = with_borders(Examples({"mask": mask}), 2.0)
    # Two columns between them: distances 1 and 2, 2 and 1.
    np.testing.assert_allclose(
        examples.columns["border"][0, 4],
        [0, 0, 0, np.exp(-9 / 8), np.exp(-9 / 8), 0, 0, 0, 0],
        rtol=1e-6,
    )


def test_a_mask_of_another_size_is_named_in_its_folder(tmp_path):
    for number in range(4):
        save(tmp_path / "images" / f"{number}.png", np.zeros(SIZE, np.uint8))
        save_in("files", tmp_path / "masks", str(number))
    save(tmp_path / "masks/2/9.png", np.zeros((4, 5), np.uint8))
    with pytest.raises(UsageError, match=r"masks/2/9.png is 4x5 .* image .*images/2.png is 16x24"):
        load_masks(MaskedData(name="mask_folder", path=tmp_path, instances=True))


def test_an_image_without_objects_has_an_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    assert not read_instances(tmp_path / "empty", SIZE).any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mask_values": [0, 1]}, "without mask_values"),
        ({"void_value": 0}, "without mask_values"),
        ({"class_names": ["a", "b", "c"]}, "two classes"),
    ],
)
def test_what_goes_with_classes_alone_is_refused(wrong, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        MaskedData(name="mask_folder", path="x", instances=True, **wrong)

"""Maps are cut, boxed and drawn in the image as it was given, by every method."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.segmentation.data import MaskedData, load_masks
from dlapps.applications.weak_localization.answers import weak_answers
from dlapps.applications.weak_localization.application import WeakLocalization
from dlapps.applications.weak_localization.data import WeakSpec
from dlapps.applications.weak_localization.maps import (
    MapSettings,
    class_mask,
    localize,
    network_of,
    tapped_model,
    threshold_of,
    with_threshold,
)
from dlapps.data.splits import Data, Examples
from dlapps.models.vision.class_activation_network import class_activation_network
from dlapps.runs.directory import read_config

TEXT = """
application: weak_localization
data: {name: shapes}
model: {name: class_activation_network, encoder: plain, weights: none, pooling: max}
training: {steps: 1, restore_best_weights: false}
"""
SPEC = WeakSpec(image_shape=(32, 64, 3), class_names=("bright", "dark"))


@pytest.fixture(autouse=True)
def known_weights():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def sees_brightness():
    """A network whose maps are how bright each pixel is, and how dark; both are always there."""
    image = keras.Input(SPEC.image_shape, name="image")
    features = keras.layers.Identity(name="features")(image)
    layer = keras.layers.Conv2D(2, 1, name="class_maps")
    maps = keras.layers.Identity(name="localization")(layer(features))
    layer.set_weights([np.array([[[[1, -1]] * 3]], np.float32) / 3, np.array([0, 1], np.float32)])
    pooled = keras.layers.GlobalMaxPooling2D(name="logits")(maps)
    return with_threshold(keras.Model(image, pooled), 0.5)


def scene(height, width):
    """Dark, with a bright box from a quarter to a half of the width, in the upper half."""
    image = np.full((height, width, 3), 20, np.uint8)
    image[: height // 2, width // 4 : width // 2] = 230
    return image


def asked(model, name="serving_default", settings=None, **tensors):
    answers = weak_answers(model, SPEC, settings or MapSettings(), 4)
    return {key: each.numpy() for key, each in answers[name].traced()(**tensors).items()}


def test_boxes_are_in_pixels_of_each_image(sees_brightness):
    # The one is half as large as what the network sees, the other higher than wide.
    files = [tf.io.encode_png(scene(*size)).numpy() for size in ((16, 32), (64, 32))]
    found = asked(sees_brightness, image_bytes=tf.constant(files))
    for row, box in enumerate(([8, 0, 16, 8], [8, 0, 16, 32])):
        assert found["count"][row] == 2
        place = found["classes"][row].tolist().index(0)
        np.testing.assert_allclose(found["boxes"][row, place], box, atol=1.0)
    assert found["maps"].shape == (2, 32, 64, 2)
    assert (found["probabilities"] > 0.5).all()


def test_pixels_are_answered_like_files(sees_brightness):
    image = scene(40, 48)
    file = tf.constant([tf.io.encode_png(image).numpy()])
    by_file = asked(sees_brightness, image_bytes=file)
    by_pixels = asked(sees_brightness, "pixels", pixels=tf.constant(image[None]))
    for name, each in by_file.items():
        np.testing.assert_array_equal(each, by_pixels[name])


def test_what_is_not_there_is_not_looked_for(sees_brightness):
    found = asked(
        sees_brightness,
        "pixels",
        MapSettings(present_from=1.0),
        pixels=tf.constant(scene(32, 64)[None]),
    )
    assert found["count"] == 0
    assert (found["classes"] == -1).all()


def test_what_is_found_is_told_drawn_and_written_as_a_mask(sees_brightness, tmp_path):
    file = tmp_path / "lamp.png"
    file.write_bytes(tf.io.encode_png(scene(16, 32)).numpy())
    answer = weak_answers(sees_brightness, SPEC, MapSettings(), 4)["serving_default"]
    outputs = answer.traced()(image_bytes=tf.constant([file.read_bytes()]))
    outputs = {name: each.numpy() for name, each in outputs.items()}
    record = answer.show(str(file), outputs, tmp_path / "made", "lamp")
    assert {each["class"] for each in record["objects"]} == {"bright", "dark"}
    assert record["mask"].endswith("made/masks/lamp.png")
    mask = tf.io.decode_png(Path(record["mask"]).read_bytes()).numpy()[..., 0]
    assert mask.shape == (16, 32)
    assert (mask[1:7, 9:15] == 1).all()
    assert (mask[10:, 20:] == 2).all()
    for kind in ("drawn", "maps"):
        picture = tf.io.decode_png(Path(record[kind]).read_bytes())
        assert picture.shape == (16, 32, 3)


def test_masks_are_those_of_a_folder_that_a_segmentation_learns_from(sees_brightness, tmp_path):
    answer = weak_answers(sees_brightness, SPEC, MapSettings(), 4)["serving_default"]
    (tmp_path / "images").mkdir()
    for number, height in enumerate((16, 20, 24, 28)):
        file = tmp_path / f"images/{number}.png"
        file.write_bytes(tf.io.encode_png(scene(height, 2 * height)).numpy())
        outputs = answer.traced()(image_bytes=tf.constant([file.read_bytes()]))
        outputs = {name: each.numpy() for name, each in outputs.items()}
        answer.show(str(file), outputs, tmp_path, str(number))
    settings = MaskedData(
        name="mask_folder", path=tmp_path, image_size=(16, 32), mask_values=(0, 1, 2)
    )
    masks = load_masks(settings)["train"].columns["mask"]
    assert set(np.unique(masks)) >= {1, 2}


def test_a_mask_has_the_highest_map_of_what_is_there():
    maps = np.array([[[0.9, 0.0], [0.4, 0.9], [0.1, 0.4]]])
    mask = class_mask(maps, np.array([0, 2]), 0.5)
    np.testing.assert_array_equal(mask, [[1, 3, 0]])
    assert class_mask(maps[..., :0], np.zeros(0, int), 0.5).tolist() == [[0, 0, 0]]


def test_masks_are_measured_where_true_ones_are_known(sees_brightness):
    image = scene(32, 64)
    mask = np.where(image[..., 0] > 127, 1, 2).astype(np.uint8)
    # What is dark in the right half is said to be nothing: half of the pixels, told as dark.
    mask[:, 32:] = 0
    columns = {"image": image[None], "presence": np.ones((1, 2), np.float32), "mask": mask[None]}
    examples = Examples({name: each.repeat(3, axis=0) for name, each in columns.items()})
    weak = WeakLocalization(read_config("weak_localization", TEXT, "weak"))
    report = weak.evaluate(sees_brightness, Data({"test": examples}, SPEC), "test")
    bright, dark = 1.0, (mask == 2).sum() / (mask != 1).sum()
    assert report["mask_mean_iou"] == pytest.approx((bright + dark + 0.0) / 3)


def test_where_validation_has_no_boxes_no_threshold_is_chosen_on_test(sees_brightness):
    weak = WeakLocalization(read_config("weak_localization", TEXT, "weak"))
    boxes = np.array([[[16.0, 0, 32, 16]]], np.float32)
    columns = {"image": scene(32, 64)[None], "presence": np.eye(2, dtype=np.float32)[:1]}
    test = Examples({**columns, "boxes": boxes, "classes": np.array([[0]])})
    validation = Examples({**columns, "boxes": 0 * boxes, "classes": np.array([[-1]])})
    data = Data({"validation": validation, "test": test}, SPEC)
    report = weak.evaluate(sees_brightness, data, "test")
    assert report["thresholds"] == {"0.3": 0.5, "0.5": 0.5, "0.7": 0.5}
    assert report["max_box_accuracy_v2"] == 1


@pytest.mark.parametrize("method", ["cam", "grad_cam", "grad_cam_plus_plus", "layer_cam"])
def test_every_method_gives_maps_from_0_to_1_and_what_an_export_is_compared_on(method):
    model = class_activation_network(
        (32, 64, 3), 2, encoder="plain", weights="none", filters=2, stride=8, pooling="log_sum_exp"
    )
    settings = MapSettings(method=method, present_from=0.0, refinement_steps=2)
    answers = weak_answers(model, SPEC, settings, 4)
    inputs, expected = answers["serving_default"].example()
    outputs = answers["serving_default"].traced()(**answers["serving_default"].tensors(inputs))
    assert outputs.keys() == expected.keys()
    for key, each in expected.items():
        np.testing.assert_allclose(outputs[key], each, atol=1e-4)
    # A map that is 0 everywhere, as one that gradients speak against, stays so.
    assert set(np.round(np.ptp(outputs["maps"], axis=(1, 2)), 5).ravel()) <= {0.0, 1.0}


def test_grad_cam_of_an_average_is_the_class_activation_map():
    """But for what speaks against the class, which Grad-CAM cuts (Selvaraju et al. 2017)."""
    model = class_activation_network(
        (32, 64, 3), 2, encoder="plain", weights="none", filters=4, stride=4, pooling="average"
    )
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 64, 3), np.uint8)
    network = network_of(model, MapSettings(method="grad_cam"))
    _, by_gradients = network(tf.constant(images / np.float32(255)))
    _, scores = tapped_model(model)(images / np.float32(255))
    bias = model.get_layer("class_maps").get_weights()[1]
    expected = np.maximum(scores - bias, 0)
    expected /= np.maximum(expected.max(axis=(1, 2), keepdims=True), 1e-9)
    np.testing.assert_allclose(by_gradients, expected, atol=1e-3)


def test_the_threshold_is_kept_with_the_network():
    model = class_activation_network(
        (32, 64, 3), 2, encoder="plain", weights="none", filters=2, stride=8
    )
    assert threshold_of(model) == 0.5
    other = with_threshold(model, 0.3)
    assert threshold_of(other) == 0.3
    images = tf.constant(scene(32, 64)[None])
    for one, two in zip(
        localize(network_of(other, MapSettings()), images, MapSettings()),
        localize(network_of(model, MapSettings()), images, MapSettings()),
        strict=True,
    ):
        np.testing.assert_array_equal(one, two)

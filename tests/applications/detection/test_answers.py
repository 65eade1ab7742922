"""Boxes come back in pixels of the image that was given, however large, and are counted."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.detection.answers import candidate_answer, detection_answers, in_original
from dlapps.applications.detection.application import Detection
from dlapps.applications.detection.data import BoxedSpec
from dlapps.applications.detection.finding import SuppressionSettings, find
from dlapps.data.splits import Data, Examples
from dlapps.runs.directory import read_config

SPEC = BoxedSpec(image_shape=(32, 64, 3), class_names=("cell", "platelet"))
PLACES = np.array([[4, 4, 20, 12], [5, 4, 21, 12], [40, 10, 50, 30]], np.float32)
SURE = np.array([[0.9, 0.0], [0.8, 0.0], [0.1, 0.3]], np.float32)


class Sees:
    """A detector that finds the same in whatever it is shown."""

    def __call__(self, images, training=False):
        return {"images": images}

    def predict(self, images, verbose=0):
        return self(images)

    def located(self, outputs):
        count = tf.shape(outputs["images"])[0]
        return tuple(tf.tile(tf.constant(each)[None], [count, 1, 1]) for each in (PLACES, SURE))


def asked(name, **tensors):
    answers = detection_answers(Sees(), SPEC, SuppressionSettings(max_detections=5), 4)
    return {key: each.numpy() for key, each in answers[name].traced()(**tensors).items()}


def test_the_surest_of_what_overlaps_is_counted():
    images = tf.zeros((2, 32, 64, 3), tf.uint8)
    found = find(Sees(), Sees().located, images, SuppressionSettings(counted_from=0.2))
    np.testing.assert_array_equal(found["count"], [2, 2])
    np.testing.assert_array_equal(found["classes"][0, :4], [0, 1, 0, -1])
    np.testing.assert_allclose(found["scores"][0, :3], [0.9, 0.3, 0.1])
    found = find(Sees(), Sees().located, images, SuppressionSettings(counted_from=0.5))
    np.testing.assert_array_equal(found["count"], [1, 1])


def test_boxes_are_in_pixels_of_each_image_and_within_it():
    # The one is half as large as what the network sees, the other four times as high.
    images = [np.zeros((16, 32, 3), np.uint8), np.zeros((128, 64, 3), np.uint8)]
    files = tf.constant([tf.io.encode_png(image).numpy() for image in images])
    found = asked("serving_default", image_bytes=files)
    np.testing.assert_allclose(found["boxes"][0, 0], PLACES[0] / 2)
    # What is found in the black beside an image ends at its border.
    np.testing.assert_allclose(found["boxes"][1, 0], [16, 16, 64, 48])
    np.testing.assert_allclose(found["boxes"][1, 1], [64, 40, 64, 120])


def test_pixels_are_answered_like_files():
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    by_file = asked("serving_default", image_bytes=tf.constant([tf.io.encode_png(image).numpy()]))
    by_pixels = asked("pixels", pixels=tf.constant(image[None]))
    for name, each in by_file.items():
        np.testing.assert_array_equal(each, by_pixels[name])


def test_other_formats_hold_what_is_chosen_from():
    answer = candidate_answer(Sees(), SPEC)
    inputs, expected = answer.example()
    assert inputs["images"].shape == (1, 32, 64, 3)
    outputs = answer.traced()(images=tf.zeros((2, 32, 64, 3), tf.uint8))
    for row in range(2):
        np.testing.assert_array_equal(outputs["candidates"][row], expected["candidates"][0])
        np.testing.assert_array_equal(outputs["probabilities"][row], SURE)


def test_what_is_counted_is_told_and_drawn(tmp_path):
    answers = detection_answers(Sees(), SPEC, SuppressionSettings(counted_from=0.2), 4)
    file = tmp_path / "cells.png"
    file.write_bytes(tf.io.encode_png(np.zeros((32, 64, 3), np.uint8)).numpy())
    answer = answers["serving_default"]
    outputs = answer.traced()(image_bytes=tf.constant([file.read_bytes()]))
    outputs = {name: each.numpy() for name, each in outputs.items()}
    record = answer.show(str(file), outputs, tmp_path / "made", "cells")
    assert record["count"] == 2
    sides = {"left": 40, "top": 10, "right": 50, "bottom": 30}
    assert record["objects"][1] == {"class": "platelet", "score": 0.3, **sides}
    drawn = tf.io.decode_png(Path(record["drawn"]).read_bytes()).numpy()
    assert drawn.shape == (32, 64, 3)
    assert drawn[12, 4:20].sum() > 0, "the lower border of the first box"


def test_a_box_may_not_reach_out_of_its_image():
    boxes = tf.constant([[[-4.0, 2.0, 80.0, 90.0]]])
    found = in_original(boxes, tf.constant([2.0]), tf.constant([[20, 30]]))
    np.testing.assert_allclose(found, [[[0, 1, 30, 20]]])


def test_boxes_are_measured_within_their_images_too():
    """An image of 32x44 does not fill the 32x64 that it was laid into; a box goes on to 50."""
    text = """
    application: detection
    data: {name: shapes}
    model: {name: fcos, encoder: resnet18, weights: none}
    training: {steps: 1}
    """
    columns = {
        "image": np.zeros((1, 32, 64, 3), np.uint8),
        "boxes": np.array([[[40, 10, 44, 30]]], np.float32),
        "classes": np.array([[1]], np.int32),
        "scale": np.ones(1, np.float32),
        "original_size": np.array([[32, 44]], np.int32),
    }
    detection = Detection(read_config("detection", text, "detector"))
    report = detection.evaluate(Sees(), Data({"test": Examples(columns)}, SPEC), "test")
    assert report["per_class"]["platelet"]["average_precision"] == pytest.approx(1)


def test_what_is_explained_is_the_box_that_is_surest_as_they_are_chosen():
    text = """
    application: detection
    data: {name: shapes}
    model: {name: fcos, encoder: resnet18, weights: none, encoder_filters: 4, channels: 16,
      head_layers: 1, num_levels: 2}
    training: {steps: 1}
    """
    keras.utils.set_random_seed(0)
    detection = Detection(read_config("detection", text, "detector"))
    spec = BoxedSpec(image_shape=(32, 64, 3), class_names=("cell", "platelet"))
    model = detection.build_model(spec)
    explained = detection.explainable(model, spec)
    image = np.random.default_rng(0).random((1, 32, 64, 3), np.float32)
    outputs = model(image)
    _, sureness = model.located(outputs)
    assert not np.allclose(sureness, tf.sigmoid(outputs["logits"])), "the middle counts too"
    for label in (0, 1):
        score = explained.score(explained.network(image), label)
        np.testing.assert_allclose(score, sureness[..., label].numpy().max(axis=1), rtol=1e-5)


@pytest.mark.parametrize("name", ["serving_default", "pixels"])
def test_the_example_that_an_export_is_compared_on_finds_something(name):
    answers = detection_answers(Sees(), SPEC, SuppressionSettings(max_detections=5), 4)
    inputs, expected = answers[name].example()
    assert (expected["count"] > 0).all()
    outputs = answers[name].traced()(**answers[name].tensors(inputs))
    for key, each in expected.items():
        np.testing.assert_allclose(outputs[key], each, atol=1e-4)

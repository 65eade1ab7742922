"""A mask is the same by every way to it, and is explained by where its class was found."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlapps.applications.segmentation.answers import NOWHERE, mask_answers, segment
from dlapps.applications.segmentation.application import Segmentation
from dlapps.applications.segmentation.data import MaskSpec
from dlapps.config.schema import build_config
from dlapps.explain.explainable import explainer
from dlapps.export.answer import ask
from dlapps.models.vision.unet import unet

NAMES = ("ground", "car", "tree")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return unet((None, None, 3), len(NAMES), filters=2, depth=1)


@pytest.fixture(scope="module")
def application() -> Segmentation:
    values = {
        "application": "segmentation",
        "data": {"name": "shapes"},
        "model": {"name": "unet", "filters": 2, "depth": 1},
        "training": {"steps": 1},
    }
    return Segmentation(build_config(Segmentation.config_class, Segmentation.models, values, ""))


def spec_of(image_size: tuple[int, int] | None) -> MaskSpec:
    return MaskSpec(channels=3, class_names=NAMES, image_size=image_size)


def pictures(*sizes: tuple[int, int]) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


@pytest.mark.parametrize("image_size", [None, (10, 12)])
def test_images_of_several_sizes_are_answered_as_each_alone(model, image_size):
    spec, images = spec_of(image_size), pictures((9, 14), (20, 8))
    files = [tf.io.encode_png(image).numpy() for image in images]
    outputs = mask_answers(model, spec)["serving_default"].traced()(image_bytes=tf.constant(files))
    assert outputs["class_map"].shape == (2, 20, 14)
    for number, image in enumerate(images):
        height, width = image.shape[:2]
        expected = segment(model, image[None], spec)[0].numpy().argmax(axis=-1)
        class_map = outputs["class_map"][number].numpy()
        np.testing.assert_array_equal(class_map[:height, :width], expected)
        assert (class_map[height:] == NOWHERE).all()
        assert (class_map[:, width:] == NOWHERE).all()
        with Image.open(io.BytesIO(outputs["mask_png_bytes"][number].numpy())) as mask:
            np.testing.assert_array_equal(np.asarray(mask), expected)


@pytest.mark.parametrize("image_size", [None, (10, 12)])
def test_the_examples_expect_what_the_function_answers(model, image_size):
    for answer in mask_answers(model, spec_of(image_size)).values():
        inputs, expected = answer.example()
        outputs = answer.traced()(**answer.tensors(inputs))
        assert outputs.keys() == expected.keys()
        np.testing.assert_array_equal(outputs["class_map"], expected["class_map"])


def test_what_was_found_is_written_and_told(model, tmp_path):
    (image,) = pictures((9, 14))
    Image.fromarray(image).save(tmp_path / "one.png")
    (record,) = ask(mask_answers(model, spec_of(None)), [str(tmp_path / "one.png")], tmp_path)
    expected = segment(model, image[None], spec_of(None))[0].numpy().argmax(axis=-1)
    with Image.open(record["mask"]) as mask, Image.open(record["overlay"]) as overlay:
        np.testing.assert_array_equal(np.asarray(mask), expected)
        assert overlay.size == (14, 9)
    shares = [np.mean(expected == index) for index in range(3)]
    assert record["shares"] == pytest.approx(dict(zip(NAMES, shares, strict=True)))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "one.png", "one_mask.png", "one_overlay.png",
    ]  # fmt: skip


def test_a_file_that_is_no_image_is_named_and_leaves_no_files(model, tmp_path):
    Image.fromarray(*pictures((9, 14))).save(tmp_path / "one.png")
    (tmp_path / "notes.txt").write_text("no image")
    texts = [str(tmp_path / name) for name in ("one.png", "notes.txt")]
    found, failed = ask(mask_answers(model, spec_of(None)), texts, tmp_path / "answers")
    assert "notes.txt is not an image this program can read" in failed["error"]
    assert found["mask"].endswith("one_mask.png")
    assert len(list((tmp_path / "answers").iterdir())) == 2


def logits_of(*class_maps: list[list[int]]) -> tf.Tensor:
    """Logits that are 5 for each pixel's class and its place among the others for those."""
    maps = np.array(class_maps)
    return tf.constant(np.where(np.eye(3)[maps] > 0, 5.0, np.arange(3) - 4.0), tf.float32)


def test_the_score_is_that_of_the_largest_class_but_the_background(application, model):
    score = application.explainable(model, spec_of(None)).score
    # Two cars among trees and ground; one tree; ground alone.
    logits = logits_of([[0, 0, 0], [1, 1, 2]], [[0, 0, 0], [0, 0, 2]], [[0, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(score(logits), [10, 5, 30])
    np.testing.assert_allclose(score(logits, 2), [5, 5, 0])
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(score(variable)[0])
    slopes = tape.gradient(total, variable)[0].numpy()
    np.testing.assert_array_equal(np.argwhere(slopes), [[1, 0, 1], [1, 1, 1]])


@pytest.mark.parametrize("image_size", [None, (10, 13)])
def test_an_explanation_lies_over_the_image(application, model, tmp_path, image_size):
    Image.fromarray(*pictures((9, 15))).save(tmp_path / "one.png")
    explainable = application.explainable(model, spec_of(image_size))
    inputs = explainable.prepare(str(tmp_path / "one.png"))
    height, width = image_size or (9, 15)
    assert inputs[0].shape == (1, height, width, 3)
    found = explainer(explainable, "grad_cam")(inputs)
    figure = explainable.show("one.png", inputs, [found], None)
    _, overlaid = figure.axes[1].get_images()
    assert overlaid.get_array().shape == (height, width)
    assert overlaid.get_extent() == pytest.approx([-0.5, width - 0.5, height - 0.5, -0.5])

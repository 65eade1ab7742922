"""Masks are shown in their classes' colours, and errors where they are."""

import io

import numpy as np
from matplotlib.contour import ContourSet
from PIL import Image

from dlapps.applications.segmentation.pictures import (
    class_scores,
    explained_region,
    mask_palette,
    mask_png,
    overlay,
    overlay_png,
    segmented_examples,
    segmented_image,
    worst_to_best,
)
from dlapps.explain.explainable import Relevance
from dlapps.explain.methods.catalogue import METHODS

MASK = np.array([[0, 1, 2], [2, 1, 255]], np.uint8)
IMAGE = np.full((2, 3, 1), 100, np.uint8)


def test_a_mask_file_holds_indices_and_shows_colours():
    with Image.open(io.BytesIO(mask_png(MASK % 3, 3))) as image:
        np.testing.assert_array_equal(np.asarray(image), MASK % 3)
        colours = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(colours, mask_palette(3)[MASK % 3])


def test_an_overlay_mixes_grey_with_the_classes_colours():
    shown = overlay(IMAGE, MASK, ("a", "b", "c"))
    np.testing.assert_array_equal(shown[1, 2], [100, 100, 100])
    expected = 0.5 * 100 + 0.5 * mask_palette(3)[1].astype(float)
    np.testing.assert_allclose(shown[0, 1], expected, atol=0.5)
    with Image.open(io.BytesIO(overlay_png(IMAGE, MASK, ("a", "b", "c")))) as image:
        np.testing.assert_array_equal(np.asarray(image), shown)


def test_the_background_stays_without_colour():
    names = ("background", "b", "c")
    shown = overlay(IMAGE, MASK, names)
    assert len(set(shown[0, 0])) == 1
    assert len(set(shown[0, 1])) > 1
    figure = segmented_examples([IMAGE], [MASK], [MASK], names)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["b", "c"]


def test_examples_say_how_much_is_wrong():
    prediction = np.array([[0, 1, 1], [2, 1, 0]], np.uint8)
    figure = segmented_examples([IMAGE] * 2, [MASK] * 2, [prediction, MASK % 3], ("a", "b", "c"))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[3] == "Errors: 20.0%"  # one of five; the void pixel is none
    assert titles[7] == "Errors: 0.0%"
    errors = figure.axes[3].images[0].get_array()
    wrong = np.any(errors != IMAGE, axis=-1)
    np.testing.assert_array_equal(np.argwhere(wrong), [[0, 2]])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "c"]


def test_an_image_is_shown_with_how_sure_the_model_is():
    probabilities = np.eye(3)[MASK % 3] * 0.7 + 0.1
    figure = segmented_image(IMAGE, probabilities, ("a", "b", "c"))
    np.testing.assert_allclose(figure.axes[2].images[0].get_array(), 0.8)


def test_classes_have_a_bar_a_measure():
    scores = {"sky": {"iou": 0.5, "dice": 0.6}, "road": {"iou": 0.25, "dice": 0.4}}
    (axes,) = class_scores(scores, ("iou", "dice"), "Test").axes
    assert sorted(bar.get_width() for bar in axes.patches) == [0.25, 0.4, 0.5, 0.6]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sky", "road"]


def test_the_worst_and_the_best_are_among_those_shown():
    truths = np.zeros((9, 2, 5), np.uint8)
    predictions = np.zeros_like(truths)
    for number, wrong in enumerate((3, 0, 7, 1, 2, 9, 5, 6, 4)):
        predictions[number].flat[:wrong] = 1
    images = np.zeros((9, 2, 5, 1), np.uint8)
    figure = worst_to_best(images, truths, predictions, ("a", "b"), count=3)
    assert [axes.get_title() for axes in figure.axes[3::4]] == [
        "Errors: 90.0%", "Errors: 40.0%", "Errors: 0.0%",
    ]  # fmt: skip


def test_an_explained_region_is_named_and_outlined():
    region = np.zeros((4, 5, 3))
    region[1:3, 1:4, 2] = 1
    image = np.full((4, 5, 1), 0.5)
    some, none = (Relevance(np.full((4, 5), value), METHODS["grad_cam"]) for value in (0.3, 0.0))
    names = ("a", "b", "c")
    figure = explained_region("one.png", image, region, [some], names)
    assert figure.get_suptitle() == "one.png: c, inside the lines"
    for axes in figure.axes[:2]:
        (outline,) = (each for each in axes.collections if isinstance(each, ContourSet))
        assert outline.levels == [0.5]
    title = explained_region("one.png", image, region, [none], names).get_suptitle()
    assert "says anything for it" in title
    title = explained_region("one.png", image, region, [some], names, target=1).get_suptitle()
    assert title == "one.png: nothing in it is taken for b"

"""Boxes are drawn where they are, and errors are told from what is right."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from dlapps.applications.detection.pictures import (
    counts_figure,
    precision_recall_figure,
    worst_first,
)
from dlapps.explain.figures.boxes import WRONG, drawn_png
from dlapps.explain.figures.palette import class_colours
from dlapps.metrics.detection import Found, Present

NAMES = ("cell", "platelet")
GREY = np.full((3, 60, 80, 3), 128, np.uint8)
NOTHING = Present(np.zeros((0, 4)), np.zeros(0, int))
NOTHING_FOUND = Found(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
PAIR = Present(np.array([[10.0, 10, 30, 30], [40, 20, 60, 50]]), np.array([0, 1]))
RIGHT = Found(PAIR.boxes, np.array([0.9, 0.8]), PAIR.classes)
# One right, one of another class, one too unsure to count.
HALF_RIGHT = Found(
    np.concatenate([PAIR.boxes, [[0.0, 0, 9, 9]]]), np.array([0.9, 0.7, 0.1]), np.array([0, 0, 1])
)
TRUTHS, FOUND = [PAIR, NOTHING, PAIR], [RIGHT, NOTHING_FOUND, HALF_RIGHT]


def drawn(image, boxes, titles=None):
    boxes = np.array(boxes, float)
    titles = [""] * len(boxes) if titles is None else titles
    with Image.open(io.BytesIO(drawn_png(image, boxes, titles, [0] * len(boxes), 2))) as picture:
        return np.asarray(picture)


def has_colour(pixels, colour):
    return (pixels == np.round(255 * np.array(to_rgb(colour)))).all(axis=-1)


def saved(figure):
    figure.savefig(io.BytesIO(), dpi=20)
    return figure


def test_a_box_is_drawn_on_its_border():
    picture = drawn(GREY[0], [[10, 20, 50, 40]])
    assert picture.shape == GREY[0].shape
    is_drawn = has_colour(picture, class_colours(2)[0])
    rows, columns = np.flatnonzero(is_drawn[:, 30]), np.flatnonzero(is_drawn[30])
    assert (rows.tolist(), columns.tolist()) == ([20, 39], [10, 49])


def test_a_box_of_the_whole_image_is_seen_on_all_sides():
    is_drawn = has_colour(drawn(GREY[0], [[0, 0, 80, 60]]), class_colours(2)[0])
    assert is_drawn[30, [0, -1]].all()
    assert is_drawn[[0, -1], 40].all()


@pytest.mark.parametrize("box", [[5, 5, 5, 5], [79.9, 59.9, 80, 60], [70, 0, 80, 5]])
def test_any_box_within_the_image_can_be_drawn(box):
    assert (drawn(GREY[0], [box], ["x 0.9"]) != GREY[0]).any()


def test_a_title_at_the_right_border_is_as_long_as_elsewhere():
    image = np.full((100, 200, 3), 128, np.uint8)
    widths = []
    for left in (20, 195):
        changed = (drawn(image, [[left, 50, left + 5, 80]], ["cell 0.93"]) != image).any(axis=-1)
        widths.append(int(changed[:49].any(axis=0).sum()))
    assert widths[0] == widths[1] > 20


def test_the_image_with_most_errors_comes_first():
    figure = worst_first(GREY.__getitem__, TRUTHS, FOUND, NAMES, 0.5, count=2)
    assert [axes.get_title() for axes in figure.axes] == [
        "Truth: 2, 1 missed",
        "Found: 2, 1 wrong",
        "Truth: 2, 0 missed",
        "Found: 2, 0 wrong",
    ]


def test_what_is_missed_and_what_is_wrong_is_dashed_and_red():
    figure = worst_first(GREY.__getitem__, TRUTHS, FOUND, NAMES, 0.5, count=1)
    first, second = class_colours(2)
    for axes in figure.axes:
        right, wrong = axes.patches
        assert right.get_edgecolor()[:3] == to_rgb(first)
        assert right.get_linestyle() == "-"
        assert wrong.get_edgecolor()[:3] == to_rgb(WRONG)
        assert wrong.get_linestyle() == "--"
    assert second not in (first, WRONG)


def test_a_curve_tells_its_average_precision_and_where_boxes_are_counted_from():
    (axes,) = saved(precision_recall_figure(TRUTHS, FOUND, NAMES, 0.5)).axes
    # Both cells are found before the wrong box; one of two platelets is.
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["cell: AP 1.00", f"platelet: AP {51 / 101:.2f}"]
    dots = [line.get_xydata()[0].tolist() for line in axes.lines if line.get_marker() == "o"]
    assert dots == [[1, pytest.approx(2 / 3)], [0.5, 1]]


def test_counts_are_dots_that_grow_with_the_images_there():
    (axes,) = saved(counts_figure([*TRUTHS, NOTHING], [*FOUND, NOTHING_FOUND], 0.8)).axes
    (dots,) = axes.collections
    assert dots.get_offsets().tolist() == [[0, 0], [2, 1], [2, 2]]
    areas = dots.get_sizes()
    assert areas[0] == 2 * areas[1] == 2 * areas[2]
    assert axes.get_title() == "Counted in test images: 0.25 off on average\nlargest dot: 2 images"


def test_names_that_look_like_formulas_are_shown_as_they_are():
    names = ("a$b_{$", "_c")
    figure = saved(worst_first(GREY.__getitem__, TRUTHS, FOUND, names, 0.5, count=1))
    assert [text.get_text() for text in figure.legends[0].get_texts()][:2] == [*names]
    (axes,) = saved(precision_recall_figure(TRUTHS, FOUND, names, 0.5)).axes
    shown = [text.get_text().rpartition(":")[0] for text in axes.get_legend().get_texts()]
    assert shown == [*names]


def test_nothing_there_and_nothing_found_can_be_drawn():
    truths, found = [NOTHING], [NOTHING_FOUND]
    figure = saved(worst_first(GREY[:1].__getitem__, truths, found, NAMES, 0.5))
    assert figure.axes[0].get_title() == "Truth: 0, 0 missed"
    (axes,) = saved(precision_recall_figure(truths, found, NAMES, 0.5)).axes
    assert axes.get_legend() is None
    saved(counts_figure(truths, found, 0.5))

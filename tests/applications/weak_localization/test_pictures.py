"""Pictures show maps, boxes and what depends on the threshold, from the worst to the best."""

import io

import numpy as np
from PIL import Image

from dlapps.applications.weak_localization.pictures import (
    box_accuracy_figure,
    grey_png,
    map_png,
    pixel_figure,
    worst_to_best,
)
from dlapps.metrics.detection import Present
from dlapps.metrics.weak_localization import best_overlaps, pixel_curve

NAMES = ("cell", "$x^2$")
MAPS = np.zeros((2, 20, 30, 2), np.float32)
MAPS[0, 2:12, 5:15, 0] = 1.0
MAPS[1, 2:12, 5:15, 1] = 0.8
OF_CLASSES = np.moveaxis(MAPS, -1, 1)
TRUTHS = [
    Present(np.array([[5.0, 2, 15, 12]]), np.array([0])),
    Present(np.array([[20.0, 2, 25, 12], [0, 15, 5, 20]]), np.array([1, 1])),
]
IMAGES = np.full((2, 20, 30, 3), 100, np.uint8)


def saved(figure):
    figure.savefig(io.BytesIO(), dpi=20)
    return figure


def test_the_worst_comes_first():
    overlaps = best_overlaps(OF_CLASSES, TRUTHS)
    figure = saved(worst_to_best(IMAGES, OF_CLASSES, TRUTHS, overlaps, 50, NAMES))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "Truth: $x^2$", "Map", "Found: overlap 0.00",
        "Truth: cell", "Map", "Found: overlap 1.00",
    ]  # fmt: skip
    assert [len(axes.patches) for axes in figure.axes] == [2, 0, 1, 1, 0, 1]


def test_curves_are_of_the_chosen_thresholds():
    overlaps = best_overlaps(OF_CLASSES, TRUTHS)
    figure = saved(box_accuracy_figure(overlaps, np.array([50, 50, 90])))
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["overlap of 0.3: 0.50", "overlap of 0.5: 0.50", "overlap of 0.7: 0.50"]
    masks = np.where(MAPS[..., 0] > 0, 1, 0)
    assert "PxAP 1.000" in saved(pixel_figure(pixel_curve(OF_CLASSES, masks))).axes[0].get_title()


def test_files_have_the_size_and_the_values_of_what_they_show():
    with Image.open(io.BytesIO(grey_png(np.array([[0, 1], [2, 3]], np.uint8)))) as mask:
        np.testing.assert_array_equal(np.asarray(mask), [[0, 1], [2, 3]])
    pictures = []
    for present in ([0], []):
        with Image.open(io.BytesIO(map_png(IMAGES[0], MAPS[0][..., present]))) as picture:
            pictures.append(np.asarray(picture).astype(int))
    assert pictures[0].shape == (20, 30, 3)
    assert (pictures[0][5, 10] > pictures[1][5, 10]).all()
    np.testing.assert_array_equal(pictures[0][15, 25], pictures[1][15, 25])

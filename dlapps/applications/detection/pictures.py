"""Boxes as pictures: over their image, beside the truth, and how precise and how many they are."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dlapps.explain.figures.boxes import WRONG, add_boxes
from dlapps.explain.figures.palette import class_colours
from dlapps.metrics.detection import Found, Present, match, precision_recall

LEGEND_CLASSES = 12
ONE_IMAGE, MOST_IMAGES, FAINTEST = 18, 300, 6
"""Areas in square points: of a dot for one image where these are few, of the largest dot there is,
and of one that can be seen."""


def worst_first(
    images_at: Callable[[np.ndarray], np.ndarray],
    truths: Sequence[Present],
    found: Sequence[Found],
    class_names: Sequence[str],
    threshold: float,
    count: int = 4,
) -> Figure:
    """Images with their objects beside what is found, those with most errors first.

    `images_at` gives those in some places, uint8 [n, H, W, 3], which may be on the disk. A dashed
    line is around an object that is missed, and around a box that is no object's: of another class,
    too far off, or a second one.
    """
    counted = [each.from_score(threshold) for each in found]
    matches = [match(truth, each) for truth, each in zip(truths, counted, strict=True)]
    missed = [
        np.setdiff1d(np.arange(len(truth.classes)), chosen)
        for truth, chosen in zip(truths, matches, strict=True)
    ]
    errors = [len(each) + int(np.sum(chosen < 0)) for each, chosen in zip(missed, matches)]
    shown = np.argsort(-np.array(errors), kind="stable")[:count]
    images = images_at(shown)
    height = 3.6 * images.shape[1] / images.shape[2]
    figure = Figure(figsize=(7.5, (height + 0.35) * len(shown) + 0.6), layout="constrained")
    panels = figure.subplots(len(shown), 2, squeeze=False)
    colours = class_colours(len(class_names))
    for row, number, image in zip(panels, shown, images, strict=True):
        truth, boxes, chosen = truths[number], counted[number], matches[number]
        is_missed = np.isin(np.arange(len(truth.classes)), missed[number])
        for axes in row:
            axes.imshow(image, interpolation="nearest")
            axes.axis("off")
        add_boxes(row[0], truth.boxes, truth.classes, is_missed, colours)
        add_boxes(row[1], boxes.boxes, boxes.classes, chosen < 0, colours)
        row[0].set_title(f"Truth: {len(truth.classes)}, {int(is_missed.sum())} missed", fontsize=9)
        row[1].set_title(f"Found: {len(chosen)}, {int(np.sum(chosen < 0))} wrong", fontsize=9)
    handles = [
        Line2D([], [], color=colour, label=name)
        for colour, name in zip(colours, class_names[:LEGEND_CLASSES])
    ]
    handles.append(Line2D([], [], color=WRONG, linestyle="--", label="missed, or wrong"))
    _as_written(figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8))
    return figure


def precision_recall_figure(
    truths: Sequence[Present],
    found: Sequence[Found],
    class_names: Sequence[str],
    threshold: float,
) -> Figure:
    """Precision over recall for each class at an overlap of one half, and its average precision.

    A dot is where boxes are counted from.
    """
    figure = Figure(figsize=(5.5, 4.2), layout="constrained")
    axes = figure.subplots()
    handles: list[Line2D] = []
    for label, (name, colour) in enumerate(zip(class_names, class_colours(len(class_names)))):
        curve = precision_recall(truths, found, label)
        if not len(curve.scores) or not any(label in truth.classes for truth in truths):
            continue
        # From a recall of nothing on, so that one box alone is a line too.
        recall = np.append(0, curve.recall)
        precision = np.append(curve.precision[0], curve.precision)
        title = f"{name}: AP {curve.average_precision:.2f}"
        handles += axes.plot(recall, precision, color=colour, label=title)
        counted = int(np.sum(curve.scores >= threshold))
        if counted:
            place = curve.recall[counted - 1], curve.precision[counted - 1]
            axes.plot(*place, "o", color=colour)
    axes.set(
        xlabel="Recall",
        ylabel="Precision",
        xlim=(0, 1.02),
        ylim=(0, 1.02),
        title=f"Boxes that overlap by half, test; dots: score {threshold:g}",
    )
    axes.title.set_fontsize(10)
    if handles:
        _as_written(axes.legend(handles=handles[:LEGEND_CLASSES], fontsize=8, loc="lower left"))
    return figure


def counts_figure(truths: Sequence[Present], found: Sequence[Found], threshold: float) -> Figure:
    """How many objects are found in an image against how many are there.

    A dot's area grows with the number of images at its place.
    """
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.subplots()
    pairs = [
        (len(truth.classes), len(each.from_score(threshold).classes))
        for truth, each in zip(truths, found, strict=True)
    ]
    places, numbers = np.unique(pairs, axis=0, return_counts=True)
    most = max(1, int(places.max()))
    axes.plot([0, most], [0, most], color="#999999", linewidth=1, label="as many as there are")
    there, found_there = places.T
    most_images = int(numbers.max())
    sizes = np.maximum(min(ONE_IMAGE, MOST_IMAGES / most_images) * numbers, FAINTEST)
    axes.scatter(there, found_there, s=sizes, alpha=0.7)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    error = np.abs(np.diff(pairs, axis=1)).mean()
    axes.set(
        xlabel="Objects in the image",
        ylabel="Objects found",
        title=f"Counted in test images: {error:.2f} off on average\n"
        f"largest dot: {most_images} image{'s' if most_images > 1 else ''}",
        aspect="equal",
    )
    axes.title.set_fontsize(10)
    axes.legend(fontsize=8, loc="upper left")
    return figure


def _as_written(legend: Legend) -> None:
    """Keeps dollars in the names of classes from being read as formulas."""
    for text in legend.get_texts():
        text.set_parse_math(False)

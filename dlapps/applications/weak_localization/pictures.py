"""Weak localization as pictures: maps and boxes beside the truth, and how both depend on where
maps are cut."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from dlapps.explain.figures.boxes import add_boxes
from dlapps.explain.figures.palette import class_colours
from dlapps.explain.figures.png import png_of
from dlapps.metrics.detection import Present
from dlapps.metrics.weak_localization import (
    OVERLAPS,
    THRESHOLDS,
    Maps,
    Overlaps,
    PixelCurve,
    parts_of,
)

MAP_COLOURS = "inferno"
OPACITY = 0.6


def grey_png(mask: np.ndarray) -> bytes:
    """A PNG file whose grey values are the class indices uint8 [H, W]."""
    return png_of(Image.fromarray(mask))


def map_png(image: np.ndarray, maps: np.ndarray) -> bytes:
    """A PNG file of the image, uint8 [H, W, 3], under the highest of its maps.

    maps: [H, W, n] from 0 to 1. With none, the image is paled alone.
    """
    highest = np.max(maps, axis=-1, initial=0.0)
    return png_of(
        Image.fromarray(np.round(255 * _under_map(image / 255, highest)).astype(np.uint8))
    )


def _under_map(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The image [H, W, 3] in [0, 1] with a map [H, W] over it, bright where the map is."""
    colours = colormaps[MAP_COLOURS](values)[..., :3]
    return (1 - OPACITY) * image + OPACITY * colours


def worst_to_best(
    images: np.ndarray,
    maps: Maps,
    truths: Sequence[Present],
    overlaps: Overlaps,
    threshold_number: int,
    class_names: Sequence[str],
    count: int = 6,
) -> Figure:
    """A row for each of some (image, class): the objects, the map, and the boxes around its parts.

    images: uint8 [N, H, W, 3]. The rows are taken evenly from the one whose best box
    fits least to the one whose fits most, at THRESHOLDS[threshold_number].
    """
    fits = overlaps.values[:, threshold_number]
    ranking = np.argsort(fits, kind="stable")
    shown = ranking[np.linspace(0, len(ranking) - 1, min(count, len(ranking))).round().astype(int)]
    height = 2.4 * images.shape[1] / images.shape[2]
    figure = Figure(figsize=(7.5, (height + 0.3) * len(shown)), layout="constrained")
    panels = figure.subplots(len(shown), 3, squeeze=False)
    colours = class_colours(len(class_names))
    for row, pair in zip(panels, shown):
        number, label = overlaps.images[pair], overlaps.classes[pair]
        truth, of_class = truths[number], maps[number][label]
        boxes, _ = parts_of(of_class, THRESHOLDS[threshold_number])
        there = truth.boxes[truth.classes == label]
        contents = (images[number], _under_map(images[number] / 255, of_class), images[number])
        titles = (f"Truth: {class_names[label]}", "Map", f"Found: overlap {fits[pair]:.2f}")
        for axes, picture, title, drawn in zip(row, contents, titles, (there, [], boxes)):
            axes.imshow(picture, interpolation="nearest")
            axes.set_title(title, fontsize=9, parse_math=False)
            axes.axis("off")
            labels, right = np.full(len(drawn), label), np.zeros(len(drawn), bool)
            add_boxes(axes, np.reshape(drawn, (-1, 4)), labels, right, colours)
    return figure


def box_accuracy_figure(overlaps: Overlaps, chosen: np.ndarray) -> Figure:
    """How many classes of images have a box that fits, by where maps are cut.

    A dot is at the threshold, int [OVERLAPS], that was chosen on validation.
    """
    figure = Figure(figsize=(5.5, 4.0), layout="constrained")
    axes = figure.subplots()
    accuracy = overlaps.accuracy()
    for column, (least, colour) in enumerate(zip(OVERLAPS, class_colours(len(OVERLAPS)))):
        label = f"overlap of {least:g}: {accuracy[chosen[column], column]:.2f}"
        axes.plot(THRESHOLDS, accuracy[:, column], color=colour, label=label)
        axes.plot(THRESHOLDS[chosen[column]], accuracy[chosen[column], column], "o", color=colour)
    axes.set(
        xlabel="Threshold of the maps",
        ylabel="Box accuracy",
        xlim=(0, 1),
        ylim=(0, 1.02),
        title="Boxes that fit, test; dots: thresholds chosen on validation",
    )
    axes.title.set_fontsize(10)
    axes.legend(fontsize=8)
    return figure


def pixel_figure(curve: PixelCurve) -> Figure:
    """Precision of the pixels over their recall, as maps are cut from high to low."""
    figure = Figure(figsize=(4.8, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve.recall, curve.precision, color=class_colours(1)[0])
    axes.set(
        xlabel="Recall of pixels",
        ylabel="Precision of pixels",
        xlim=(0, 1.02),
        ylim=(0, 1.02),
        title=f"Pixels of the classes an image has, test: PxAP {curve.average_precision:.3f}",
    )
    axes.title.set_fontsize(10)
    return figure

"""What excites the channels of a layer, what they make of an image, and what they kept of it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.figures.image_grid import enlarged, table_of_images
from dlapps.explain.figures.panels import panels_of

PAGE_WIDTH = 7.8
COLUMNS = 6
NAMES_WIDTH = 1.1
"""Inches that the names of the rows take."""
LETTERS_AN_INCH = 13
HIGHEST = 12.0
"""Inches of a table."""
BORDER = "#c3cbd3"


def captioned_figure(title: str, images: np.ndarray, captions: Sequence[str]) -> Figure:
    """Images [N, H, W, C] in 0..1, each below its caption."""
    columns = min(COLUMNS, len(images))
    rows = math.ceil(len(images) / columns)
    height, width = images.shape[1:3]
    side = min(PAGE_WIDTH / columns, 1.4)
    size = (max(side * columns, 4), (side * height / width + 0.3) * rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    panels = panels_of(figure, len(images), columns)
    for axes, image, caption in zip(panels, images, captions):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(BORDER)
        axes.imshow(_drawable(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(_cut(caption, side), fontsize=8, pad=3, parse_math=False)
    return figure


def rows_figure(
    title: str, images: np.ndarray, rows: Sequence[str], columns: Sequence[str]
) -> Figure:
    """A table of images [rows, columns, H, W, C] in 0..1."""
    height, width = images.shape[2:4]
    side = min((PAGE_WIDTH - NAMES_WIDTH) / len(columns), 1.2, HIGHEST * width / height / len(rows))
    size = (side * len(columns) + NAMES_WIDTH, side * height / width * len(rows) + 0.8)
    figure = Figure(figsize=(max(size[0], 4), size[1]), layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    axes = figure.subplots()
    names = [_cut(row, NAMES_WIDTH) for row in rows]
    table_of_images(axes, enlarged(_drawable(images)), names, columns)
    axes.tick_params(labelsize=8)
    return figure


def maps_figure(
    title: str, image: np.ndarray, maps: Mapping[str, np.ndarray], columns: int = 8
) -> Figure:
    """An image [H, W, C] in 0..1, and of each layer the maps [h, w, C] that it excites most.

    A row is a layer, the channel with the largest mean magnitude first, its number below each map.
    All maps of a layer have one scale, from black for its lowest number to white for its highest.
    """
    height, width = image.shape[:2]
    rows = 1 + len(maps)
    side = (PAGE_WIDTH - NAMES_WIDTH) / columns
    figure = Figure(
        figsize=(PAGE_WIDTH, (side * height / width + 0.25) * rows + 0.6), layout="constrained"
    )
    figure.suptitle(title, fontsize=11, parse_math=False)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.ravel():
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    panels[0, 0].imshow(_drawable(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for (first, *others), (name, given) in zip(panels[1:], maps.items(), strict=True):
        strongest = np.argsort(-np.abs(given).mean(axis=(0, 1)), kind="stable")[:columns]
        low, high = float(given.min()), float(given.max())
        for axes, channel in zip((first, *others), strongest.tolist()):
            axes.imshow(
                given[..., channel], "gray", vmin=low, vmax=max(high, low + 1e-12),
                interpolation="nearest", aspect="auto",
                extent=(0, width, height, 0),
            )  # fmt: skip
            axes.set_xlabel(str(channel + 1), fontsize=7, labelpad=1)
        first.set_ylabel(
            f"{_cut(name, NAMES_WIDTH)}\n{given.shape[0]}\N{MULTIPLICATION SIGN}{given.shape[1]}",
            fontsize=8, rotation=0, ha="right", va="center", parse_math=False,
        )  # fmt: skip
    return figure


def _drawable(image: np.ndarray) -> np.ndarray:
    """Images [..., C] in colour or in grey; of channels that are no colours, the last."""
    return np.clip(image if image.shape[-1] == 3 else image[..., -1:], 0, 1)


def _cut(text: str, width: float) -> str:
    """As much of a text as so many inches hold."""
    most = int(LETTERS_AN_INCH * width)
    return text if len(text) <= most else f"{text[: most - 1]}…"

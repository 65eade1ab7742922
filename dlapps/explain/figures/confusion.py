"""The confusion matrix: which classes are taken for which, at the end or while that is learned."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from dlapps.explain.evenly import evenly_chosen
from dlapps.explain.figures.names import end_of
from dlapps.explain.figures.panels import panels_of
from dlapps.explain.over_time import OverTime

MOST_CLASSES_WITH_COUNTS = 25
LONGEST_NAME = 24
LETTER_WIDTH = 0.65
"""Of the size of the letters, which is in points; there are 72 to an inch."""


def confusion_matrix_figure(matrix: np.ndarray, class_names: Sequence[str]) -> Figure:
    """The matrix with each row coloured by its shares, and counts up to 25 classes.

    `matrix` is [classes, classes]: counts with a row a true class, a column a predicted class.
    A class without examples has a grey row.
    """
    matrix = np.asarray(matrix)
    num_classes = len(class_names)
    if matrix.shape != (num_classes, num_classes):
        raise ValueError(
            f"The confusion matrix has shape {matrix.shape}; for the {num_classes} class names "
            f"given it must be ({num_classes}, {num_classes})."
        )
    shares = _shares(matrix)
    side = float(np.clip(0.5 * num_classes, 3, 18))
    figure = Figure(figsize=(side + 2.5, side + 1.5), layout="constrained")
    axes = figure.subplots()
    image = _draw_shares(axes, shares)
    figure.colorbar(image, ax=axes, label="Share of the true class", shrink=0.8)
    _label(axes, matrix, class_names, side)
    if num_classes <= MOST_CLASSES_WITH_COUNTS:
        _write_counts(axes, matrix, shares, side)
    return figure


def _shares(matrix: np.ndarray) -> np.ma.MaskedArray:
    """Each row as shares of its sum; masked where that is zero."""
    totals = matrix.sum(axis=1, keepdims=True)
    return np.ma.masked_invalid(matrix / np.where(totals == 0, np.nan, totals))


def _draw_shares(axes: Axes, shares: np.ma.MaskedArray) -> AxesImage:
    colours = colormaps["Blues"].with_extremes(bad="#e4e4e4")
    # The root lets the small shares, which are the mistakes, be seen beside the large ones.
    return axes.imshow(shares, cmap=colours, norm=PowerNorm(0.5, vmin=0, vmax=1))


def _label(axes: Axes, matrix: np.ndarray, class_names: Sequence[str], side: float) -> None:
    size = float(np.clip(45 * side / len(class_names), 6, 11))
    names = [
        name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
        for name in map(str, class_names)
    ]
    width = size * LETTER_WIDTH * max(map(len, names), default=0)
    upright = width < 72 * side / len(names)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=0 if upright else 90, fontsize=size, parse_math=False)
    axes.set_yticks(places, names, fontsize=size, parse_math=False)
    right, total = int(np.trace(matrix)), int(matrix.sum())
    share = f" ({right / total:.1%})" if total else ""
    axes.set(
        xlabel="Predicted class",
        ylabel="True class",
        title=f"Confusion matrix: {right:,} of {total:,} right{share}",
    )
    axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=0.8)
    axes.tick_params(which="both", length=0)


def _write_counts(axes: Axes, matrix: np.ndarray, shares: np.ma.MaskedArray, side: float) -> None:
    largest = f"{int(matrix.max(initial=0)):,}"
    room = 0.8 * 72 * side / len(matrix)
    size = float(np.clip(room / (LETTER_WIDTH * len(largest)), 5, 10))
    for (row, column), count in np.ndenumerate(matrix):
        dark = shares.filled(0)[row, column] > 0.3
        colour = "white" if dark else ("#1d2733" if count else "#a8b0b8")
        axes.text(column, row, f"{int(count):,}", ha="center", va="center", size=size, color=colour)


MOST_MATRICES = 6
MATRICES_A_ROW = 3
MOST_NAMED = 10
LONGEST_OF_MANY = 12


def confusion_over_time(
    look: Callable[[], np.ndarray], class_names: Sequence[str]
) -> OverTime[np.ndarray]:
    """Up to six matrices side by side; `look` gives one [classes, classes], as it is at a step."""

    def draw(steps: Sequence[int], seen: Sequence[np.ndarray]) -> Figure:
        shown = evenly_chosen([*zip(steps, seen)], MOST_MATRICES)
        num_columns = min(MATRICES_A_ROW, len(shown))
        num_rows = math.ceil(len(shown) / num_columns)
        figure = Figure(figsize=(7.8, 2.6 * num_rows + 0.4), layout="constrained")
        figure.suptitle("Confusion matrix while it learned, validation split", fontsize=11)
        panels = panels_of(figure, len(shown), num_columns, sharex=True, sharey=True)
        for axes, (step, matrix) in zip(panels, shown):
            image = _draw_shares(axes, _shares(matrix))
            right = np.trace(matrix) / max(matrix.sum(), 1)
            axes.set_title(f"Step {step:,}: {right:.1%} right", fontsize=9)
            axes.tick_params(length=0, labelsize=8)
        _name_classes(panels[0], class_names)
        figure.supxlabel("Predicted class", fontsize=9)
        figure.supylabel("True class", fontsize=9)
        figure.colorbar(image, ax=panels, label="Share of the true class", shrink=0.8)
        return figure

    return OverTime(look, draw)


def _name_classes(axes: Axes, class_names: Sequence[str]) -> None:
    """Says which row and column is which class where there is room for it."""
    if len(class_names) > MOST_NAMED:
        axes.set(xticks=[], yticks=[])
        return
    names = [end_of(name, LONGEST_OF_MANY) for name in class_names]
    upright = max(map(len, names)) <= 2
    axes.set_xticks(range(len(names)), names, rotation=0 if upright else 90, parse_math=False)
    axes.set_yticks(range(len(names)), names, parse_math=False)

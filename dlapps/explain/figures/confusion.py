"""The confusion matrix: which classes are taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

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
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.ma.masked_invalid(matrix / np.where(totals == 0, np.nan, totals))
    side = float(np.clip(0.5 * num_classes, 3, 18))
    figure = Figure(figsize=(side + 2.5, side + 1.5), layout="constrained")
    axes = figure.subplots()
    colours = colormaps["Blues"].with_extremes(bad="#e4e4e4")
    # The root lets the small shares, which are the mistakes, be seen beside the large ones.
    image = axes.imshow(shares, cmap=colours, norm=PowerNorm(0.5, vmin=0, vmax=1))
    figure.colorbar(image, ax=axes, label="Share of the true class", shrink=0.8)
    _label(axes, matrix, class_names, side)
    if num_classes <= MOST_CLASSES_WITH_COUNTS:
        _write_counts(axes, matrix, shares, side)
    return figure


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

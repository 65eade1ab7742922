"""The reliability diagram (DeGroot, Fienberg 1983; Niculescu-Mizil, Caruana 2005): is a classifier
right as often as it is sure?"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.figures.palette import DISTINCT_COLOURS, class_marker

GREY = "#6b7683"
LARGEST_MARK, SMALLEST_MARK = 60, 8
"""Areas in square points."""


class Curve(NamedTuple):
    """The answers of one classifier in B bins of confidence, equally wide from 0 to 1."""

    name: str
    confidence: np.ndarray
    """[B], means; NaN where a bin is empty."""
    accuracy: np.ndarray
    """[B], shares of right answers; NaN where a bin is empty."""
    counts: np.ndarray
    """[B], the examples."""
    error: float
    """The expected calibration error."""


def reliability_figure(curves: Sequence[Curve]) -> Figure:
    """Accuracy against confidence, and below it how many answers each bin holds.

    What lies below the diagonal is too sure of itself, above it too modest. A mark is as large as
    its bin is full, for a bin of few examples says little.
    """
    figure = Figure(figsize=(5.6, 6.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    upper.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="as sure as right")
    for index, (curve, colour) in enumerate(zip(curves, DISTINCT_COLOURS)):
        _draw_curve(upper, curve, colour, class_marker(index))
        # The later ones are thinner, so that they do not hide the first.
        _draw_counts(lower, curve, colour, width=3 / (1 + index))
    upper.set(
        title="Reliability: is it right as often as it is sure?",
        ylabel="Accuracy in the bin",
        xlim=(0, 1.02),
        ylim=(-0.02, 1.02),
    )
    upper.legend(loc="upper left", frameon=False, fontsize=9)
    num_examples = int(np.sum(curves[0].counts))
    lower.set(xlabel="Confidence: the probability of the answer", yscale="log")
    lower.set_ylabel(f"of {num_examples:,} answers")
    for axes in (upper, lower):
        axes.grid(color="#e4e4e4", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_curve(axes: Axes, curve: Curve, colour: str, marker: str) -> None:
    filled = curve.counts > 0
    x, y, counts = (part[filled] for part in (curve.confidence, curve.accuracy, curve.counts))
    label = f"{curve.name}\nexpected calibration error {curve.error:.4f}"
    axes.plot(x, y, color=colour, linewidth=1.4, alpha=0.7)
    sizes = SMALLEST_MARK + (LARGEST_MARK - SMALLEST_MARK) * np.sqrt(counts / counts.max())
    axes.scatter(x, y, s=sizes, color=colour, marker=marker, linewidths=0, label=label, zorder=3)


def _draw_counts(axes: Axes, curve: Curve, colour: str, width: float) -> None:
    edges = np.linspace(0, 1, len(curve.counts) + 1)
    axes.stairs(curve.counts, edges, color=colour, linewidth=width, baseline=None)

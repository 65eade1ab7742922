"""A learning-rate range test: the loss over the learning rate, and the rates to choose from."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.figures.palette import DISTINCT_COLOURS

BLUE, ORANGE, GREEN, _, VERMILION = DISTINCT_COLOURS[:5]
MARKS = {
    "at_steepest_descent": ("steepest descent", GREEN, "-"),
    "tenth_of_minimum": ("a tenth of the rate at the minimum", ORANGE, "--"),
    "configured": ("the config's", "black", ":"),
}


def range_test_figure(
    rates: np.ndarray,
    losses: np.ndarray,
    smoothed: np.ndarray,
    marked: Mapping[str, float | None],
) -> Figure:
    """The losses [steps] at the rates [steps], smoothed and as they were, with rates marked.

    `marked` are rates by the names in MARKS; None is left out.
    """
    figure = Figure(figsize=(7.8, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(
        rates, losses, ".", color=BLUE, alpha=0.25, markeredgewidth=0, label="loss of a batch"
    )
    axes.plot(rates, smoothed, color=BLUE, linewidth=2, label="smoothed")
    for name, rate in marked.items():
        if rate is not None:
            label, colour, style = MARKS[name]
            axes.axvline(rate, color=colour, linestyle=style, label=f"{label}: {rate:.2g}")
    axes.set_xscale("log")
    axes.set_ylim(_limits(losses, smoothed))
    axes.set(title="Learning-rate range test", xlabel="Learning rate", ylabel="Training loss")
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _limits(losses: np.ndarray, smoothed: np.ndarray) -> tuple[float, float]:
    """Around the fall of the loss, however far it rises where it diverges."""
    lowest = float(np.quantile(losses, 0.02))
    before = float(smoothed[: int(smoothed.argmin()) + 1].max())
    fall = max(before - lowest, 1e-6 * abs(lowest), 1e-12)
    top = min(float(smoothed.max()), before + 0.5 * fall)
    return lowest - 0.1 * fall, top + 0.1 * fall

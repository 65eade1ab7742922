"""The course of a training run, as read from its history."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.figures.png import message_figure

VALIDATION = "validation_"
NOT_CURVES = ("step", "steps_per_second")
TRAIN_COLOUR = "#0072b2"
VALIDATION_COLOUR = "#d55e00"
MOST_COLUMNS = 3

Row = Mapping[str, float | None]


def training_curves(history: Sequence[Row]) -> Figure:
    """A panel for the loss, each metric and the learning rate, train and validation together.

    A row holds `step` and what was measured there; absent, None and non-finite values are skipped.
    The speed is left out: it tells of the machine, not of the learning.
    """
    names = _quantities(history)
    if not names:
        return message_figure("The history holds no measurements yet.")
    num_columns = min(len(names), 2 if len(names) == 4 else MOST_COLUMNS)
    num_rows = math.ceil(len(names) / num_columns)
    figure = Figure(figsize=(5 * num_columns, 3.6 * num_rows), layout="constrained")
    panels = figure.subplots(num_rows, num_columns, squeeze=False).flat
    for name, axes in zip(names, panels):
        _draw_quantity(axes, name, history)
    for axes in list(panels):
        axes.remove()
    return figure


def _quantities(history: Sequence[Row]) -> list[str]:
    """The quantities measured at least once: the loss first, the learning rate last."""
    keys = dict.fromkeys(key for row in history for key in row if key not in NOT_CURVES)
    measured = [key for key in keys if _points(history, key)]
    names = dict.fromkeys(key.removeprefix(VALIDATION) for key in measured)
    return sorted(names, key=lambda name: (name != "loss", name == "learning_rate"))


def _points(history: Sequence[Row], key: str) -> list[tuple[float, float]]:
    pairs = [(row["step"], row.get(key)) for row in history]
    return [(x, y) for x, y in pairs if x is not None and y is not None and math.isfinite(y)]


def _draw_quantity(axes: Axes, name: str, history: Sequence[Row]) -> None:
    curves = (
        ("train", _points(history, name), TRAIN_COLOUR, "-"),
        ("validation", _points(history, VALIDATION + name), VALIDATION_COLOUR, "--"),
    )
    for label, points, colour, style in curves:
        if points:
            steps, values = zip(*points)
            axes.plot(
                steps,
                values,
                style,
                color=colour,
                marker="o" if len(points) <= 30 else None,
                markersize=3.5,
                label=f"{label}, last {values[-1]:.4g}",
            )
    if name == "loss" and _spans_decades(
        [value for _, points, *_ in curves for _, value in points]
    ):
        axes.set_yscale("log")
    title = name.replace("_", " ").capitalize()
    axes.set(title=title, xlabel="Step", ylabel=title)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if name != "learning_rate":
        axes.legend(frameon=False, fontsize=9)


def _spans_decades(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) > 100

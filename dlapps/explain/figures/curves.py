"""The course of a training run, as read from its history."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.figures.names import field_name
from dlapps.explain.figures.panels import panels_of
from dlapps.explain.figures.png import message_figure

VALIDATION = "validation_"
NOT_CURVES = ("step", "steps_per_second")
TRAIN_COLOUR = "#0072b2"
VALIDATION_COLOUR = "#d55e00"
PAGE_WIDTH = 7.8

Row = Mapping[str, float | None]


def training_curves(history: Sequence[Row]) -> Figure:
    """A panel for the loss, each metric and a learning rate that changes, with one legend for all.

    A row holds `step` and what was measured there; absent, None and non-finite values are skipped.
    The speed is left out: it tells of the machine, not of the learning.
    """
    names = _quantities(history)
    if not names:
        return message_figure("The history holds no measurements yet.")
    num_columns = len(names) if len(names) < 3 else 2 if len(names) == 4 else 3
    num_rows = math.ceil(len(names) / num_columns)
    width = PAGE_WIDTH / max(num_columns, 2)
    size = (width * num_columns, (0.65 * width + 0.5) * num_rows + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    for name, axes in zip(names, panels_of(figure, len(names), num_columns)):
        _draw_quantity(axes, name, history)
    lines = {line.get_label(): line for axes in figure.axes for line in axes.get_lines()}
    figure.legend(
        handles=list(lines.values()), loc="outside lower center", ncols=len(lines), frameon=False
    )
    return figure


def _quantities(history: Sequence[Row]) -> list[str]:
    """The quantities measured at least once: the losses first, learning rates that change last."""
    keys = dict.fromkeys(key for row in history for key in row if key not in NOT_CURVES)
    measured = {key: values for key in keys if (values := {y for _, y in _points(history, key)})}
    names = dict.fromkeys(
        key.removeprefix(VALIDATION)
        for key, values in measured.items()
        if not key.endswith("learning_rate") or len(values) > 1
    )
    return sorted(names, key=lambda name: (not name.endswith("loss"), name.endswith("rate")))


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
                label=label,
            )
    if name.endswith("loss") and _spans_decades(
        [value for _, points, *_ in curves for _, value in points]
    ):
        axes.set_yscale("log")
    else:
        axes.ticklabel_format(axis="y", scilimits=(-2, 5), useMathText=True)
    axes.set_title(field_name(name), fontsize=11, pad=8)
    axes.set_xlabel("Step")
    axes.set_xlim(left=0)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _spans_decades(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) > 100

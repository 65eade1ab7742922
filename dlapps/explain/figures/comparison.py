"""Several configs side by side: a point a seed, the interval of the mean, what was published."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.figures.palette import DISTINCT_COLOURS

ROW_HEIGHT = 0.5
SPREAD = 0.26
"""How far from its config's line the first seed lies above, and the last below."""
BLUE, ORANGE = DISTINCT_COLOURS[:2]


class Row(NamedTuple):
    """What one config measured."""

    name: str
    metric: str
    """What was measured, on what: rows that agree in it share an axis."""
    values: Sequence[float]
    """One a seed, or a fold."""
    interval: tuple[float, float] | None = None
    reference: float | None = None
    unit: str = "seed"


def comparison_figure(rows: Sequence[Row]) -> Figure:
    """A panel for each metric, a line in it for each config, the first on top."""
    metrics = list(dict.fromkeys(row.metric for row in rows))
    panels = [[row for row in rows if row.metric == metric] for metric in metrics]
    heights = [len(panel) + 1 for panel in panels]
    size = (7.8, ROW_HEIGHT * sum(heights) + 0.7 * len(panels) + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for metric, panel, place in zip(metrics, panels, axes, strict=True):
        _draw(place, metric, panel)
    shown = {
        label: handle
        for place in axes
        for handle, label in zip(*place.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        list(shown.values()), list(shown), loc="outside lower center", ncols=3, frameon=False
    )
    return figure


def _draw(axes: Axes, metric: str, rows: Sequence[Row]) -> None:
    for height, row in enumerate(rows):
        if row.interval is not None:
            axes.fill_betweenx(
                [height - 0.36, height + 0.36], *row.interval, color=BLUE, alpha=0.3, linewidth=0,
                label="95 % interval of the mean",
            )  # fmt: skip
        if row.reference is not None:
            axes.plot(
                [row.reference] * 2, [height - 0.42, height + 0.42], color=ORANGE, linewidth=2,
                linestyle="--", label="published",
            )  # fmt: skip
        # One below the other, so that seeds which are alike do not hide each other.
        spread = SPREAD if len(row.values) > 1 else 0.0
        axes.plot(
            row.values, np.linspace(height - spread, height + spread, len(row.values)), "o",
            color=BLUE, markersize=4, markeredgewidth=0, label=f"a {row.unit}",
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.set_xlabel(metric)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)

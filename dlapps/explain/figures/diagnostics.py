"""How a network learned, layer by layer: gradients, updates, activations, idle units."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from dlapps.explain.figures.png import message_figure

PAGE_WIDTH = 7.8
COLOURS = colormaps["viridis"]
LIGHTEST = 0.9
"""Of the colours, from 0 to 1: what comes after is too faint on white."""
MOST_NAMES = 14
HEALTHY_RATIO = 1e-3
"""Of an update to the weights: a rule of thumb (Karpathy, CS231n), for one step."""
PANELS = {
    "gradient_norm": "Norm of the gradients",
    "update_ratio": "Update / weights of one step (dashed: 0.001)",
    "activation_mean": "Mean of the activations",
    "activation_deviation": "Their standard deviation",
    "saturated": "Share of saturated activations",
    "dead": "Share of dead units",
}
LOGARITHMIC = ("gradient_norm", "update_ratio")
SHARES = ("saturated", "dead")

Row = tuple[int, str, str, float]


def diagnostics_figure(rows: Iterable[Row]) -> Figure:
    """A panel for each quantity that was measured, a line in it for each layer, by the step.

    A row is (step, layer, quantity, value), the layers from the first on. Their colours go from
    dark for the first to light for the last; values that are not finite are skipped.
    """
    lines: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for step, layer, quantity, value in rows:
        if math.isfinite(value):
            lines.setdefault(quantity, {}).setdefault(layer, []).append((step, value))
    shown = [quantity for quantity in PANELS if quantity in lines]
    if not shown:
        return message_figure("Nothing was measured layer by layer yet.")
    layers = max(([*lines[quantity]] for quantity in shown), key=len)
    colours = [COLOURS(LIGHTEST * n / max(len(layers) - 1, 1)) for n in range(len(layers))]
    # An odd one at the end is as wide as two.
    padded = [*shown, shown[-1]] if len(shown) % 2 else shown
    places: list[Any] = [padded[first : first + 2] for first in range(0, len(padded), 2)]
    figure = Figure(figsize=(PAGE_WIDTH, 2.2 * len(places) + 0.3), layout="constrained")
    panels = figure.subplot_mosaic(places, sharex=True)
    for quantity, axes in panels.items():
        _draw(axes, quantity, lines[quantity], dict(zip(layers, colours)))
    for quantity in places[-1]:
        panels[quantity].set_xlabel("Step")
    _add_colour_bar(figure, list(panels.values()), layers, colours)
    return figure


def _draw(
    axes: Axes, quantity: str, lines: dict[str, list[tuple[int, float]]], colours: dict[str, tuple]
) -> None:
    is_logarithmic = quantity in LOGARITHMIC
    for layer, points in lines.items():
        # What is exactly zero has no place on a logarithmic axis.
        kept = [(step, value) for step, value in points if value > 0 or not is_logarithmic]
        if kept:
            marker = "o" if len(kept) <= 10 else None
            axes.plot(*zip(*kept), color=colours[layer], linewidth=1.1, marker=marker, markersize=3)
    if is_logarithmic:
        axes.set_yscale("log")
    if quantity == "update_ratio":
        axes.axhline(HEALTHY_RATIO, color="#1d2733", linestyle="--", linewidth=0.9)
    if quantity in SHARES:
        axes.set_ylim(-0.03, 1.03)
    axes.set_title(PANELS[quantity], fontsize=10)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _add_colour_bar(
    figure: Figure, panels: Sequence[Axes], layers: Sequence[str], colours: Sequence[tuple]
) -> None:
    """Which colour is which layer, the first on top; of many layers some are named."""
    edges = [place - 0.5 for place in range(len(layers) + 1)]
    scale = ScalarMappable(BoundaryNorm(edges, len(layers)), ListedColormap(list(colours)))
    bar = figure.colorbar(scale, ax=panels, aspect=40, pad=0.02)
    every = math.ceil(len(layers) / MOST_NAMES)
    places = list(range(0, len(layers), every))
    bar.set_ticks(places, labels=[layers[place] for place in places])
    bar.ax.tick_params(length=0, labelsize=8)
    bar.ax.minorticks_off()
    bar.ax.invert_yaxis()

"""The loss around a trained network as a map, as heights are drawn."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from dlapps.explain.figures.palette import DISTINCT_COLOURS

LEVELS = 16
SMALLEST = 1e-6
"""A loss below it is drawn as this: on a scale of ratios 0 has no place."""


def loss_surface_figure(title: str, distances: np.ndarray, losses: np.ndarray) -> Figure:
    """Contours of losses [R, R] over distances [R], an equal ratio apart; the network is marked."""
    losses = np.maximum(losses, SMALLEST)
    low, high = float(losses.min()), float(losses.max())
    levels = np.geomspace(low, max(high, 1.001 * low), LEVELS)
    figure = Figure(figsize=(6.6, 5.6), layout="constrained")
    axes = figure.subplots()
    norm = LogNorm(levels[0], levels[-1])
    filled = axes.contourf(distances, distances, losses.T, levels, cmap="viridis", norm=norm)
    axes.contour(distances, distances, losses.T, levels, colors="white", linewidths=0.5)
    middle = len(distances) // 2
    axes.plot(
        0, 0, "X", color=DISTINCT_COLOURS[4], markersize=10, markeredgecolor="white",
        label=f"the trained network: {losses[middle, middle]:.3g}", clip_on=False,
    )  # fmt: skip
    bar = figure.colorbar(filled, ax=axes, label="Loss")
    told = levels[::3].tolist()
    bar.set_ticks(told, labels=[f"{level:.2g}" for level in told])
    bar.minorticks_off()
    axes.set(
        title=title, xlabel="First direction, in lengths of each filter", ylabel="Second direction",
        aspect="equal",
    )  # fmt: skip
    figure.legend(loc="outside lower center", frameon=False)
    return figure

"""How numbers such as the returns of episodes are spread."""

import numpy as np
from matplotlib.figure import Figure

COLOUR = "#0072b2"
MEAN_COLOUR = "#d55e00"
NUM_BINS = 25


def distribution_figure(values: np.ndarray, name: str) -> Figure:
    """A histogram of `values` [N] with their mean marked; `name` labels the axis."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    low, high = values.min(), values.max()
    margin = 0.5 if low == high else 0.0
    axes.hist(values, bins=NUM_BINS, range=(low - margin, high + margin), color=COLOUR)
    axes.axvline(
        values.mean(), color=MEAN_COLOUR, linestyle="--", label=f"mean {values.mean():.4g}"
    )
    axes.set(xlabel=name, ylabel="Episodes", title=f"{name} of {len(values)} episodes")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure

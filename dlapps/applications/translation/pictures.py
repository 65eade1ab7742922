"""Where a model looked in its input for each token of its output."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

CELL = 0.32
"""Side of a matrix cell in inches."""


def attention_figure(weights: np.ndarray, source: Sequence[str], target: Sequence[str]) -> Figure:
    """The attention weights [U, T] as a matrix: a row a token of `target`, a column of `source`."""
    weights = np.asarray(weights)
    if weights.shape != (len(target), len(source)):
        raise ValueError(
            f"The attention weights have shape {weights.shape}; for the tokens given it must be "
            f"({len(target)}, {len(source)})."
        )
    figure = Figure(
        figsize=(2.8 + CELL * len(source), 1.8 + CELL * len(target)), layout="constrained"
    )
    axes = figure.subplots()
    image = axes.imshow(weights, cmap="Greys", vmin=0, vmax=1)
    axes.set_xticks(range(len(source)), source, rotation=90, parse_math=False)
    axes.set_yticks(range(len(target)), target, parse_math=False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    figure.colorbar(image, ax=axes, label="Attention weight", shrink=0.8)
    return figure

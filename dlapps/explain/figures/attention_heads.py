"""Where each head of each block of a Transformer looks, and what comes of all of them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

CELL = 0.15
SMALLEST_PANEL, LARGEST_PANEL = 1.2, 3.6
"""Inches of a token, and of the side of a matrix."""
ROLLOUT = 1.6
"""Sides of a matrix that the rollout is large."""
POINTS_IN_AN_INCH = 72
SMALLEST_TYPE, LARGEST_TYPE = 4.5, 8.0


def attention_heads_figure(
    tokens: Sequence[str], weights: Mapping[str, np.ndarray], rollout: np.ndarray
) -> Figure:
    """The weights [heads, T, T] of each layer as a row of matrices, and beside them the rollout
    [T, T].

    A row of a matrix is the token that looks, a column the one it looks at.
    """
    num_heads = max(len(heads) for heads in weights.values())
    side = min(LARGEST_PANEL, max(SMALLEST_PANEL, CELL * len(tokens)))
    width, large = (side + 0.1) * num_heads + 1.8, ROLLOUT * side
    height = max((side + 0.3) * len(weights), large) + 1.0
    figure = Figure(figsize=(width + large + 1.9, height), layout="constrained")
    heads_part, rollout_part = figure.subfigures(
        1, 2, squeeze=False, width_ratios=[width, large + 1.9]
    )[0]
    heads_part.suptitle("Where each head looks: rows look at columns", fontsize="medium")
    panels = heads_part.subplots(len(weights), num_heads, squeeze=False, sharex=True, sharey=True)
    highest = max(heads.max() for heads in weights.values())
    for row, (name, heads) in zip(panels, weights.items(), strict=True):
        for number, (axes, head) in enumerate(zip(row, heads, strict=True), 1):
            image = axes.imshow(head, cmap="Greys", vmin=0, vmax=highest, aspect="auto")
            axes.set_title(f"head {number}", fontsize="small")
            axes.tick_params(length=0)
        _name(row[0], tokens, side, vertical=True)
        row[0].set_ylabel(name)
    for axes in panels[-1]:
        _name(axes, tokens, side, vertical=False)
    heads_part.colorbar(image, ax=panels, label="Attention weight", shrink=large / height)
    _draw_rollout(rollout_part.subplots(), rollout, tokens, large, large / height)
    return figure


def _draw_rollout(
    axes: Axes, rollout: np.ndarray, tokens: Sequence[str], side: float, shrink: float
) -> None:
    """What is left at each place after all blocks, by where it came from."""
    image = axes.imshow(rollout, cmap="Greys", vmin=0)
    axes.set_title("All blocks together (attention rollout)", fontsize="medium")
    axes.tick_params(length=0)
    axes.set(xlabel="comes from this token", ylabel="What stands here in the end")
    _name(axes, tokens, side, vertical=True)
    _name(axes, tokens, side, vertical=False)
    axes.figure.colorbar(image, ax=axes, label="Share", shrink=shrink)


def _name(axes: Axes, tokens: Sequence[str], side: float, *, vertical: bool) -> None:
    """Writes a token at each row, or column, or at as many as can be read."""
    size = POINTS_IN_AN_INCH * side / len(tokens)
    every = max(1, round(SMALLEST_TYPE / size))
    places = range(0, len(tokens), every)
    shown = [tokens[place] for place in places]
    size = min(LARGEST_TYPE, max(SMALLEST_TYPE, 0.8 * size))
    if vertical:
        axes.set_yticks(places, shown, fontsize=size, parse_math=False)
        return
    axes.set_xticks(places, shown, fontsize=size, parse_math=False)
    for label, token in zip(axes.get_xticklabels(), shown, strict=True):
        label.set_rotation(0 if len(token) == 1 else 90)

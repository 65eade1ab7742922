"""Where a translator looked for each token that it said, and which tokens spoke for all."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.relevance import AGAINST, FOR, SUPPORT

CELL, SMALLEST_CELL = 0.32, 0.19
"""Side of a matrix cell in inches, and where a sentence is long."""
WIDEST = 6.0


def attention_figure(weights: np.ndarray, source: Sequence[str], target: Sequence[str]) -> Figure:
    """The attention weights [U, T] as a matrix: a row a token of `target`, a column of `source`."""
    weights = np.asarray(weights)
    if weights.shape != (len(target), len(source)):
        raise ValueError(
            f"The attention weights have shape {weights.shape}; for the tokens given it must be "
            f"({len(target)}, {len(source)})."
        )
    cell = _cell(len(source))
    figure = Figure(
        figsize=(2.4 + cell * len(source), 1.8 + cell * len(target)), layout="constrained"
    )
    axes = figure.subplots()
    image = axes.imshow(weights, cmap="Greys", vmin=0, vmax=1)
    axes.xaxis.tick_top()
    _name_columns(axes, source)
    axes.set_yticks(range(len(target)), target, parse_math=False)
    axes.tick_params(length=0)
    axes.set(xlabel="Source", ylabel="Translation")
    figure.colorbar(image, ax=axes, label="Attention weight", shrink=0.8)
    return figure


def token_relevance_figure(translation: str, source: Sequence[str], relevance: Relevance) -> Figure:
    """What each token of `source` adds, [T], to how sure the translation is, as bars."""
    width = max(4.5, 1.5 + _cell(len(source)) * len(source))
    figure = Figure(figsize=(width, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.bar(
        range(len(source)),
        relevance.values,
        color=[FOR if part > 0 else AGAINST for part in relevance.values],
    )
    axes.axhline(0, color="#1d2733", linewidth=0.8)
    axes.set_xlim(-0.7, len(source) - 0.3)
    _name_columns(axes, source)
    axes.tick_params(axis="x", length=0)
    label = "What a token adds to the\nlog-probability" if relevance.method.signed else SUPPORT
    axes.set_ylabel(f"{label}\n({relevance.title})")
    axes.set_title(textwrap.fill(translation, int(9 * width)), parse_math=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    return figure


def _cell(num_columns: int) -> float:
    """The width of a column in inches, so that what is long stays narrow enough to be read."""
    return max(SMALLEST_CELL, min(CELL, WIDEST / num_columns))


def _name_columns(axes: Axes, tokens: Sequence[str]) -> None:
    """Writes a token at each column: characters upright, words from bottom to top."""
    axes.set_xticks(range(len(tokens)), tokens, parse_math=False)
    for label, token in zip(axes.get_xticklabels(), tokens, strict=True):
        label.set_rotation(0 if len(token) == 1 else 90)

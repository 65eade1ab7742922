"""Where a translator looked for each token that it said, which tokens spoke for all, and how good
it is on long sentences."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

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


def bleu_by_length_figure(buckets: Sequence[Mapping[str, Any]], unit: str) -> Figure:
    """The `bleu` of sentences of about one length, which is counted in `unit`, as a curve.

    Cho et al. 2014, "On the properties of neural machine translation", drew it first: without
    attention it falls.
    """
    figure = Figure(figsize=(max(4.5, 1.2 + 0.75 * len(buckets)), 3.6), layout="constrained")
    axes = figure.subplots()
    values = [bucket["bleu"] for bucket in buckets]
    axes.plot(range(len(buckets)), values, color=FOR, marker="o", linewidth=1.6)
    for place, value in enumerate(values):
        axes.annotate(
            f"{value:.1f}", (place, value), (0, 8), textcoords="offset points", ha="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    axes.set_xticks(range(len(buckets)), [_bucket_label(bucket) for bucket in buckets])
    axes.set_xlim(-0.5, len(buckets) - 0.5)
    axes.set_ylim(0, max(10.0, 1.15 * max(values)))
    axes.set(xlabel=f"Length of the sentence in {unit}, and how many there are", ylabel="BLEU")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e3e7ec", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure


def _bucket_label(bucket: Mapping[str, Any]) -> str:
    shortest, longest = bucket["shortest"], bucket["longest"]
    lengths = str(shortest) if shortest == longest else f"{shortest} to {longest}"
    return f"{lengths}\n({bucket['sentences']})"


def _cell(num_columns: int) -> float:
    """The width of a column in inches, so that what is long stays narrow enough to be read."""
    return max(SMALLEST_CELL, min(CELL, WIDEST / num_columns))


def _name_columns(axes: Axes, tokens: Sequence[str]) -> None:
    """Writes a token at each column: characters upright, words from bottom to top."""
    axes.set_xticks(range(len(tokens)), tokens, parse_math=False)
    for label, token in zip(axes.get_xticklabels(), tokens, strict=True):
        label.set_rotation(0 if len(token) == 1 else 90)

"""What in an input spoke for the answer, laid over the input."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from dlapps.explain.explainable import Relevance

SUPPORT_COLOURS = "inferno"
SIGNED_COLOURS = "PuOr_r"
FOR, AGAINST = "#e69f00", "#0072b2"
INK = "#1d2733"
OPACITY = 0.8
PALENESS = 0.35
LARGEST_PERCENTILE = 99.5
"""Above it relevance is drawn alike: one pixel alone must not make all others pale."""
MOST_COLUMNS = 5
SUPPORT = "Support"
BOTH_WAYS = "For (orange) and against (violet)"


def relevance_figure(title: str, x: np.ndarray, relevances: Sequence[Relevance]) -> Figure:
    """An input beside its relevance by each method: an image as pictures, a few numbers as bars.

    x: image [H, W, C] in 0..1, or [F]. relevances: maps [h, w], stretched over the image, or [F].
    """
    if x.ndim == 1:
        return _bars(title, relevances)
    panels = 1 + len(relevances)
    columns = min(panels, MOST_COLUMNS)
    rows = math.ceil(panels / columns)
    size = (8, 4) if panels == 2 else (2.6 * columns, 2.9 * rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, parse_math=False)
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in places:
        axes.axis("off")
    height, width = x.shape[:2]
    draw_picture(places[0], x)
    if panels > 2:
        places[0].set_title("Input", fontsize=9)
    for axes, relevance in zip(places[1:], relevances):
        draw_picture(axes, x)
        shown = lay_over(axes, relevance, (-0.5, width - 0.5, height - 0.5, -0.5))
        if panels == 2:
            figure.colorbar(shown, ax=axes, shrink=0.8, label=scale_label(relevance))
        else:
            axes.set_title(textwrap.fill(relevance.title, 24), fontsize=9)
    if panels > 2:
        _add_legend(figure, relevances)
    return figure


def answer_text(names: Sequence[str], probabilities: np.ndarray, target: int | None) -> str:
    """The answer and, where another class is explained, that it is."""
    best = int(probabilities.argmax())
    text = f"{names[best]} ({probabilities[best]:.2f})"
    if target is None or target == best:
        return text
    return f"{text}; explained is {names[target]} ({probabilities[target]:.2f})"


def scale_label(relevance: Relevance) -> str:
    """What the colours of a relevance say, and by which method."""
    return f"{BOTH_WAYS if relevance.method.signed else SUPPORT}\n({relevance.title})"


def draw_picture(axes: Axes, x: np.ndarray) -> None:
    """Draws an image [H, W, C] in 0..1; of channels that are no colours, the last."""
    picture = x if x.shape[-1] == 3 else x[..., -1]
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")


def lay_over(
    axes: Axes, relevance: Relevance, extent: tuple[float, float, float, float]
) -> ScalarMappable:
    """Draws relevance [h, w] over an image, which shows through where it is low.

    Returns what a colour bar is made from. Where both ways are told apart by colour, the image is
    paled first.
    """
    values = relevance.values
    percentile = 100 if relevance.method.weighs_maps else LARGEST_PERCENTILE
    limit = max(float(np.percentile(np.abs(values), percentile)), 1e-12)
    strength = np.clip(np.abs(values) / limit, 0, 1)
    if relevance.method.signed:
        axes.imshow(np.ones((1, 1)), cmap="gray", vmin=0, vmax=1, alpha=1 - PALENESS, extent=extent)
        shades = ScalarMappable(Normalize(-limit, limit), SIGNED_COLOURS)
        overlay = shades.to_rgba(values)
        overlay[..., 3] = strength
        axes.imshow(overlay, extent=extent, interpolation="nearest")
        return shades
    axes.imshow(
        strength, cmap=SUPPORT_COLOURS, vmin=0, vmax=1, alpha=OPACITY * strength,
        extent=extent, interpolation="bilinear" if relevance.method.weighs_maps else "nearest",
    )  # fmt: skip
    return ScalarMappable(Normalize(0, 1), SUPPORT_COLOURS)


def _add_legend(figure: Figure, relevances: Sequence[Relevance]) -> None:
    """What the two scales of colours mean, each where it is used."""
    kinds = {each.method.signed for each in relevances}
    told = {
        False: f"{SUPPORT}: dark little, bright much",
        True: BOTH_WAYS,
    }
    text = ".   ".join(told[kind] for kind in sorted(kinds))
    figure.supxlabel(f"{text}. Each by its own scale", fontsize=9)


def _bars(title: str, relevances: Sequence[Relevance]) -> Figure:
    rows = len(relevances[0].values)
    height = 0.6 + (0.7 + 0.35 * rows) * len(relevances)
    figure = Figure(figsize=(5, height), layout="constrained")
    figure.suptitle(title, parse_math=False)
    names = [f"$x_{{{number}}}$" for number in range(1, rows + 1)]
    panels = figure.subplots(len(relevances), 1, squeeze=False)[:, 0]
    for axes, relevance in zip(panels, relevances, strict=True):
        values, method = relevance.values, relevance.method
        axes.barh(names, values, color=[FOR if part > 0 else AGAINST for part in values])
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.invert_yaxis()
        label = "What each number adds to the score" if method.signed else SUPPORT
        axes.set_xlabel(f"{label} ({relevance.title})", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    return figure

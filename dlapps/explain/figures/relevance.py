"""What in an input spoke for the answer, laid over the input."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

COLOURS = "inferno"
OPACITY = 0.8


def relevance_figure(title: str, x: np.ndarray, relevance: np.ndarray) -> Figure:
    """An input beside its relevance: an image as pictures, a few numbers as bars.

    x: image [H, W, C] in 0..1, or [F]. relevance: maps [h, w] from 0 to 1 (Grad-CAM), stretched
    over the image; or in the shape of x, signed (gradient times input).
    """
    if x.ndim == 1:
        return _bars(title, relevance)
    figure = Figure(figsize=(8, 4), layout="constrained")
    figure.suptitle(title, parse_math=False)
    left, right = figure.subplots(1, 2)
    shown: ScalarMappable
    picture = x[..., 0] if x.shape[-1] == 1 else x
    left.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    extent = (-0.5, x.shape[1] - 0.5, x.shape[0] - 0.5, -0.5)
    if relevance.ndim == 2:
        right.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        shown = lay_over(right, relevance, extent)
        label = "Support for the answer (Grad-CAM)"
    else:
        summed = relevance.sum(axis=-1)
        limit = max(float(np.abs(summed).max()), 1e-12)
        shown = right.imshow(
            summed, cmap="PuOr_r", vmin=-limit, vmax=limit, extent=extent, interpolation="nearest"
        )
        label = "For (orange) and against the answer"
    figure.colorbar(shown, ax=right, label=label, shrink=0.8)
    for axes in (left, right):
        axes.axis("off")
    return figure


def lay_over(
    axes: Axes, relevance: np.ndarray, extent: tuple[float, float, float, float]
) -> ScalarMappable:
    """Draws a map [h, w] from 0 to 1 over an image, which shows through where it is low.

    Returns what a colour bar is made from.
    """
    axes.imshow(
        relevance, cmap=COLOURS, vmin=0, vmax=1, alpha=OPACITY * np.clip(relevance, 0, 1),
        extent=extent, interpolation="bilinear",
    )  # fmt: skip
    return ScalarMappable(Normalize(0, 1), COLOURS)


def _bars(title: str, relevance: np.ndarray) -> Figure:
    figure = Figure(figsize=(5, 1.2 + 0.4 * len(relevance)), layout="constrained")
    axes = figure.subplots()
    names = [f"$x_{{{number}}}$" for number in range(1, len(relevance) + 1)]
    axes.barh(names, relevance, color=["#e69f00" if part > 0 else "#0072b2" for part in relevance])
    axes.axvline(0, color="#1d2733", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel("What each number adds to the score (gradient times input)")
    axes.set_title(title, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure

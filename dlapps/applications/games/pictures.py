"""Episodes as pictures: from inside, as an animation, and how their returns are spread."""

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from dlapps.explain.figures.palette import class_colours

MOST_FRAMES = 6


def episode_figure(
    q_values: np.ndarray,
    actions: np.ndarray,
    action_names: Sequence[str],
    frames: Sequence[np.ndarray] = (),
) -> Figure:
    """A line for each action's value over the steps, the chosen action below, frames on top.

    q_values: [T, A]. actions: [T], indices of `action_names`. frames: pictures at any steps, in
    order and evenly apart; of many, six are shown.
    """
    figure = Figure(figsize=(9, 6.4 if len(frames) else 4.6), layout="constrained")
    heights = ([1.6] if len(frames) else []) + [3, 0.35]
    *top, lines, strip = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    for place in top:
        _draw_frames(figure, place, frames, len(actions))
    axes = figure.add_subplot(lines)
    colours = class_colours(len(action_names))
    for values, name, colour in zip(q_values.T, action_names, colours, strict=True):
        axes.plot(values, color=colour, linewidth=1.3, label=name)
    axes.set(ylabel="Expected return (Q)", title=f"An episode of {len(actions)} steps")
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(title="Action", frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    _draw_choices(figure.add_subplot(strip, sharex=axes), actions, colours)
    return figure


def _draw_frames(figure: Figure, place, frames: Sequence[np.ndarray], num_steps: int) -> None:
    count = min(MOST_FRAMES, len(frames))
    shown = np.linspace(0, len(frames) - 1, count).round().astype(int)
    inner = place.subgridspec(1, count)
    for cell, index in zip(inner, shown):
        axes = figure.add_subplot(cell)
        axes.imshow(frames[index])
        step = round(index / max(len(frames) - 1, 1) * num_steps)
        axes.set_title(f"step {step}", fontsize=9)
        axes.set(xticks=[], yticks=[])


def _draw_choices(axes: Axes, actions: np.ndarray, colours: Sequence[str]) -> None:
    for index, colour in enumerate(colours):
        chosen = np.flatnonzero(actions == index)
        axes.eventplot(chosen, lineoffsets=0.5, linelengths=1, linewidths=1.2, colors=colour)
    axes.set(ylim=(0, 1), yticks=[], xlabel="Step", ylabel="chosen")
    axes.spines[["top", "right", "left"]].set_visible(False)


# GIF counts in hundredths of a second, and viewers slow down what is faster than two of them.
SHORTEST_FRAME = 0.02


def gif_bytes(frames: Sequence[np.ndarray], frames_per_second: float) -> bytes:
    """A GIF that plays `frames`, uint8 [height, width, 3], again and again.

    Where `frames_per_second` is more than a GIF can show, frames are left out, never the last.
    """
    every = math.ceil(SHORTEST_FRAME * frames_per_second - 1e-9)
    kept = [*frames[:-1:every], frames[-1]]
    first, *rest = (Image.fromarray(frame) for frame in kept)
    buffer = io.BytesIO()
    first.save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=rest,
        duration=round(1000 * every / frames_per_second),
        loop=0,
    )
    return buffer.getvalue()


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

"""One episode of an agent, from inside: what it saw, what it held each action for, what it did."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.palette import class_colours

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

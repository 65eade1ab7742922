"""Episodes as pictures: from inside, as an animation, and how their returns are spread."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from dlapps.explain.evenly import evenly_chosen
from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.palette import class_colours
from dlapps.explain.figures.relevance import SUPPORT, lay_over, scale_label

MOST_FRAMES = 6
MOST_LINES = 8
INK = "#1d2733"


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
    colours = class_colours(len(action_names))
    figure, axes = _over_the_steps(actions, action_names, colours, frames)
    for values, name, colour in zip(q_values.T, action_names, colours, strict=True):
        axes.plot(values, color=colour, linewidth=_line_width(len(values)), label=name)
    axes.set(ylabel="Expected return (Q)", title=f"An episode of {len(actions)} steps")
    axes.legend(title="Action", frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def relevance_over_the_steps(
    title: str,
    relevance: Relevance,
    observation_names: Sequence[str],
    actions: np.ndarray,
    action_names: Sequence[str],
    frames: Sequence[np.ndarray] = (),
) -> Figure:
    """A line for each number of the observation: what it adds to the value of the chosen action.

    relevance: [T, F], a column for each of `observation_names`; of many, the eight that say most
    are shown. The others are as in `episode_figure`.
    """
    values = relevance.values
    shown = np.sort(np.argsort(-np.abs(values).mean(axis=0), kind="stable")[:MOST_LINES])
    colours = [INK] * len(action_names)
    figure, axes = _over_the_steps(actions, action_names, colours, frames)
    axes.axhline(0, color=INK, linewidth=0.8)
    for index, colour in zip(shown, class_colours(len(shown)), strict=True):
        axes.plot(
            values[:, index],
            color=colour,
            linewidth=_line_width(len(values)),
            label=observation_names[index],
        )
    axes.set_title(title, parse_math=False)
    label = "What it adds to the action's Q" if relevance.method.signed else SUPPORT
    axes.set_ylabel(f"{label}\n({relevance.title})")
    count = len(observation_names)
    legend = "Observed" if len(shown) == count else f"Observed, {len(shown)} of {count}"
    axes.legend(title=legend, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def relevance_in_frames(
    title: str, observations: np.ndarray, relevance: Relevance, titles: Sequence[str]
) -> Figure:
    """A column an observation: itself above, and below where in it the action has support.

    observations: [n, height, width, channels], of which 3 are colours and else the last is the
    newest; relevance: [n, h, w], stretched over them; titles: [n].
    """
    figure = Figure(figsize=(1.15 * len(titles) + 1.2, 3), layout="constrained")
    figure.suptitle(title, parse_math=False)
    panels = figure.subplots(2, len(titles), squeeze=False)
    height, width, channels = observations.shape[1:]
    pictures = observations if channels == 3 else observations[..., -1]
    for row, (column, picture, name) in enumerate(zip(panels.T, pictures, titles, strict=True)):
        for axes in column:
            axes.imshow(picture, cmap="gray", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
        column[0].set_title(name, fontsize=9, parse_math=False)
        shown = lay_over(column[1], relevance.of_row(row), (-0.5, width - 0.5, height - 0.5, -0.5))
    figure.colorbar(shown, ax=panels, label=scale_label(relevance), shrink=0.8)
    return figure


def evenly_apart(count: int) -> np.ndarray:
    """The indices of at most six of `count` things, the first and the last among them."""
    return np.array(evenly_chosen(range(count), MOST_FRAMES))


def _line_width(num_steps: int) -> float:
    """Thin where the steps are many, so that lines which go up and down do not fill the panel."""
    return float(np.clip(250 / num_steps, 0.5, 1.3))


def _over_the_steps(
    actions: np.ndarray,
    action_names: Sequence[str],
    colours: Sequence[str],
    frames: Sequence[np.ndarray],
) -> tuple[Figure, Axes]:
    """A figure with frames on top and the chosen actions below, and the axes between them."""
    strip_height = 0.35 * max(2, len(action_names))
    heights = ([1.1] if len(frames) else []) + [3, strip_height]
    figure = Figure(figsize=(7.5, 1.2 * sum(heights)), layout="constrained")
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    if len(frames):
        _draw_frames(figure, grid[0], frames, len(actions))
    axes = figure.add_subplot(grid[len(heights) - 2])
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelbottom=False)
    strip = figure.add_subplot(grid[len(heights) - 1], sharex=axes)
    _draw_choices(strip, actions, action_names, colours)
    return figure, axes


def _draw_frames(
    figure: Figure, place: SubplotSpec, frames: Sequence[np.ndarray], num_steps: int
) -> None:
    shown = evenly_apart(len(frames))
    inner = place.subgridspec(1, len(shown))
    for number, index in enumerate(shown):
        axes = figure.add_subplot(inner[number])
        axes.imshow(frames[index])
        step = round(index / max(len(frames) - 1, 1) * num_steps)
        axes.set_title(f"step {step}", fontsize=9)
        axes.set(xticks=[], yticks=[])


def _draw_choices(
    axes: Axes, actions: np.ndarray, action_names: Sequence[str], colours: Sequence[str]
) -> None:
    """A row an action, the first at the top, with a mark at each step that chose it."""
    for index, colour in enumerate(colours):
        chosen = np.flatnonzero(actions == index)
        axes.eventplot(chosen, lineoffsets=index, linelengths=0.8, linewidths=1.2, colors=colour)
    axes.set_yticks(range(len(action_names)), action_names, fontsize=8, parse_math=False)
    axes.set(ylim=(len(action_names) - 0.5, -0.5), xlabel="Step", ylabel="chosen")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


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
    axes.set(xlabel=name, ylabel="Episodes", title=f"{name} of {len(values)} test episodes")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure

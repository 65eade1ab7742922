"""What a search for settings found: its course, and all trials beside one another."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlapps.explain.figures.names import field_name
from dlapps.explain.figures.png import message_figure

COMPLETED_COLOUR, BEST_COLOUR, FAINT = "#0072b2", "#d55e00", "#9aa3ab"
PAGE_WIDTH = 7.8
COLOURS = colormaps["viridis"]
LIGHTEST = 0.85
"""Of the colours, from 0 to 1: what comes after is too faint on white."""
LONGEST_CHOICE = 16


State = Literal["completed", "pruned", "failed"]


class Trial(NamedTuple):
    """One try: its settings and what it reached."""

    number: int
    settings: Mapping[str, float | str]
    state: State
    value: float | None
    """The best validation of a completed one, the last of one that was pruned."""


class Setting(NamedTuple):
    """What was searched: choices, or the numbers of a range."""

    name: str
    choices: tuple[str, ...]
    low: float
    high: float
    is_log: bool

    def place(self, value: float | str) -> float:
        """Where a value lies, from 0 at the low end to 1 at the high end."""
        if self.choices:
            return self.choices.index(str(value)) / (len(self.choices) - 1)
        return _place(float(value), self.low, self.high, self.is_log)


def best_of(trials: Sequence[Trial], smaller_is_better: bool) -> Trial | None:
    """The completed trial with the best value, the first of several; None if there is none."""
    sign = 1 if smaller_is_better else -1
    completed = [trial for trial in trials if trial.state == "completed"]
    return min(completed, key=lambda trial: sign * (trial.value or 0.0), default=None)


def search_history_figure(trials: Sequence[Trial], measure: str, smaller_is_better: bool) -> Figure:
    """The value of each trial in the order they were tried, and the best so far."""
    if best_of(trials, smaller_is_better) is None:
        return message_figure("No trial was completed.")
    figure = Figure(figsize=(PAGE_WIDTH, 4), layout="constrained")
    axes = figure.subplots()
    points = {state: _points(trials, state) for state in ("completed", "pruned")}
    axes.plot(*points["completed"], "o", color=COMPLETED_COLOUR, markersize=6, label="completed")
    if points["pruned"][0]:
        label = "pruned, at its last validation"
        axes.plot(*points["pruned"], "v", color=FAINT, markersize=6, label=label)
    failed = [trial.number for trial in trials if trial.state == "failed"]
    if failed:
        axes.plot(
            failed, [0.02] * len(failed), "x", color="black", label="failed",
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    numbers, values = points["completed"]
    best = list(itertools.accumulate(values, min if smaller_is_better else max))
    ends = [*numbers, trials[-1].number]
    axes.step(ends, [*best, best[-1]], where="post", color=BEST_COLOUR, label="best so far")
    if _spans_decades(values):
        axes.set_yscale("log")
    axes.set(xlabel="Trial", ylabel=field_name(measure))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def _points(trials: Sequence[Trial], state: str) -> tuple[list[int], list[float]]:
    """The numbers and values of the trials of a state that have a finite value."""
    found = [
        (trial.number, trial.value)
        for trial in trials
        if trial.state == state and trial.value is not None and math.isfinite(trial.value)
    ]
    return [number for number, _ in found], [value for _, value in found]


def parallel_coordinates_figure(
    trials: Sequence[Trial], settings: Sequence[Setting], measure: str, smaller_is_better: bool
) -> Figure:
    """A line for each trial through its settings to its value, the best in front.

    Completed trials are coloured by their value, dark for the better. A pruned one is grey and
    ends at its settings: its value is that of a shorter training.
    """
    best = best_of(trials, smaller_is_better)
    if best is None:
        return message_figure("No trial was completed.")
    values = _points(trials, "completed")[1]
    low, high = min(values), max(values)
    margin = 0 if low < high else abs(low) / 10 or 1
    value = Setting(measure, (), low - margin, high + margin, _spans_decades(values))
    figure = Figure(figsize=(max(PAGE_WIDTH, 1.7 * (len(settings) + 1)), 4.6), layout="constrained")
    host = figure.subplots()
    host.axis("off")
    host.set(xlim=(0, len(settings)), ylim=(0, 1))
    for trial in sorted(trials, key=lambda trial: trial.state == "completed"):
        if trial.state != "failed":
            _draw_line(host, trial, settings, value, smaller_is_better)
    _draw_line(host, best, settings, value, smaller_is_better, is_best=True)
    for place, setting in enumerate((*settings, value)):
        _draw_axis(host, setting, place / len(settings))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_line(
    host: Axes,
    trial: Trial,
    settings: Sequence[Setting],
    value: Setting,
    smaller_is_better: bool,
    is_best: bool = False,
) -> None:
    heights = [setting.place(trial.settings[setting.name]) for setting in settings]
    style: dict = {"color": FAINT, "linewidth": 1, "linestyle": ":"}
    if trial.state == "completed":
        assert trial.value is not None, "a completed trial has a value"
        heights.append(value.place(trial.value))
        badness = heights[-1] if smaller_is_better else 1 - heights[-1]
        style = {"color": COLOURS(LIGHTEST * badness), "linewidth": 1.2, "alpha": 0.8}
    if is_best:
        style = {"color": BEST_COLOUR, "linewidth": 2.5}
    known = {line.get_label() for line in host.get_lines()}
    label = "best" if is_best else "pruned" if trial.state == "pruned" else "completed"
    style["label"] = f"_{label}" if label in known else label
    host.plot(range(len(heights)), heights, clip_on=False, solid_joinstyle="round", **style)


def _draw_axis(host: Axes, setting: Setting, place: float) -> None:
    """A vertical axis with its own scale, at a place from 0 (left) to 1 (right)."""
    axes = host.twinx()
    axes.spines[["top", "left", "bottom"]].set_visible(False)
    axes.spines.right.set_position(("axes", place))
    if setting.choices:
        axes.set_ylim(0, 1)
        names = [_shortened(choice) for choice in setting.choices]
        axes.set_yticks(np.linspace(0, 1, len(names)), names, parse_math=False)
    else:
        axes.set_yscale("log" if setting.is_log else "linear")
        axes.set_ylim(setting.low, setting.high)
    # Lines run below the numbers.
    for text in axes.get_yticklabels(which="both"):
        text.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])
    name = setting.name.replace(".", ".\n") if "." in setting.name else field_name(setting.name)
    axes.text(
        place, 1.04, name, transform=axes.transAxes, ha="center", va="bottom", size=10,
        parse_math=False,
    )  # fmt: skip


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CHOICE else text[: LONGEST_CHOICE - 1] + "…"


def _place(value: float, low: float, high: float, is_log: bool) -> float:
    if is_log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return (value - low) / (high - low)


def _spans_decades(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) > 100

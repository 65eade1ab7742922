"""The course of several configs, each trained with several seeds, side by side."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.figures.palette import class_colours

PAGE_WIDTH, PANEL_HEIGHT, LINE_HEIGHT = 7.8, 3.4, 0.25
LINE_STYLES = ("-", "--", "-.", ":")
NAMES_A_LINE = 2


class Course(NamedTuple):
    """What one config measured on its way."""

    name: str
    measure: str
    """What was measured, on what: those that agree in it share a panel."""
    runs: Sequence[Mapping[int, float]]
    """Of each seed, or fold, the value by its step."""
    unit: str = "seed"

    def summary(self) -> tuple[np.ndarray, np.ndarray]:
        """The steps [S] at which every seed was measured, and lowest, mean, highest [3, S]."""
        steps = sorted(set.intersection(*(set(run) for run in self.runs)))
        values = np.array([[run[step] for step in steps] for run in self.runs])
        return np.array(steps), np.stack([values.min(0), values.mean(0), values.max(0)])


def learning_curves_figure(courses: Sequence[Course]) -> Figure:
    """A panel for each measure, in it a colour for each config: mean and range over its seeds."""
    measures = list(dict.fromkeys(course.measure for course in courses))
    colours = class_colours(len(courses))
    height = PANEL_HEIGHT * len(measures) + LINE_HEIGHT * (len(courses) // NAMES_A_LINE + 2)
    figure = Figure(figsize=(PAGE_WIDTH, height), layout="constrained")
    panels = figure.subplots(len(measures), 1, squeeze=False)[:, 0]
    for axes, measure in zip(panels, measures, strict=True):
        for index, course in enumerate(courses):
            if course.measure == measure:
                _draw(axes, course, colours[index], LINE_STYLES[index % len(LINE_STYLES)])
        axes.set(xlabel="Step", ylabel=measure)
        axes.set_xlim(left=0)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    if any(len(course.runs) > 1 for course in courses):
        figure.suptitle("Means; a band goes from the lowest run to the highest", fontsize=11)
    handles = [line for axes in panels for line in axes.get_lines()]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=NAMES_A_LINE, frameon=False, fontsize=9
    )
    return figure


def _draw(axes: Axes, course: Course, colour: str, style: str) -> None:
    steps, (low, mean, high) = course.summary()
    axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
    marker = "o" if len(steps) <= 30 else None
    count = len(course.runs)
    label = f"{course.name}, {count} {course.unit}{'s' * (count != 1)}"
    axes.plot(steps, mean, style, color=colour, marker=marker, markersize=3, label=label)

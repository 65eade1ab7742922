"""What a network that transcribes heard, and when it was sure of which letter."""

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.palette import class_colours
from dlapps.explain.figures.relevance import lay_over, scale_label
from dlapps.explain.figures.spectrogram import (
    COLOURS,
    draw_spectrogram,
    extent_of,
    frame_times,
    label_spectrogram,
)

BLANK_COLOUR = "#9aa5b1"
INK = "#1d2733"
SHORTEST, LONGEST = 8.0, 22.0
"""Inches across."""
INCHES_A_SECOND = 3.2


class Heard(NamedTuple):
    """One recording as a network heard it."""

    spectrogram: np.ndarray
    """[frames, bands] in 0..1."""
    frequencies: np.ndarray
    """Hertz in the middle of each band."""
    probabilities: np.ndarray
    """[F, V + 1]: of each letter, and last of the blank, at each of F frames of the answer."""
    letters: str
    transcript: str
    seconds: float


def alignment_figure(title: str, heard: Heard) -> Figure:
    """The spectrogram, and below it how sure the network was of each letter over time.

    Letters stand where they spike: where the likeliest path says them.
    """
    figure = Figure(figsize=(_width(heard.seconds), 5), layout="constrained")
    figure.suptitle(f"{title}\nHeard: {heard.transcript or 'nothing'}", parse_math=False)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    draw_spectrogram(above, heard.spectrogram, heard.seconds)
    label_spectrogram(above, heard.frequencies)
    above.label_outer()
    _draw_probabilities(below, heard)
    return figure


def relevance_figure(title: str, heard: Heard, relevance: Relevance) -> Figure:
    """The spectrogram, and below it in grey with the relevance [frames, bands] laid over."""
    figure = Figure(figsize=(_width(heard.seconds), 5.5), layout="constrained")
    figure.suptitle(title, parse_math=False)
    above, below = figure.subplots(2, 1, sharex=True)
    for axes, colours in ((above, COLOURS), (below, "gray")):
        draw_spectrogram(axes, heard.spectrogram, heard.seconds, colours)
        label_spectrogram(axes, heard.frequencies)
        axes.label_outer()
    turned = relevance._replace(values=relevance.values.T[::-1])
    shades = lay_over(below, turned, extent_of(heard.spectrogram, heard.seconds))
    below.set_aspect("auto")
    figure.colorbar(shades, ax=(above, below), label=scale_label(relevance))
    return figure


def speakers_figure(rates: Mapping[str, float], name: str, overall: float) -> Figure:
    """The error rate of each speaker as a bar, the worst first, and that of all as a line."""
    figure = Figure(figsize=(7, 1.4 + 0.28 * len(rates)), layout="constrained")
    axes = figure.subplots()
    axes.barh(range(len(rates)), [*rates.values()], color=class_colours(1)[0])
    axes.set_yticks(range(len(rates)), [*rates], parse_math=False)
    axes.invert_yaxis()
    axes.axvline(overall, color=INK, linewidth=1, linestyle="--", label=f"All: {overall:.1f} %")
    axes.set(xlabel=f"{name.replace('_', ' ').capitalize()} in %", ylabel="Speaker")
    axes.set_xlim(0, max(1.0, 1.08 * max(rates.values()), 1.08 * overall))
    axes.legend(loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _width(seconds: float) -> float:
    """Inches across, so that the letters of a long recording stay apart."""
    return float(np.clip(INCHES_A_SECOND * seconds + 1, SHORTEST, LONGEST))


def _draw_probabilities(axes: Axes, heard: Heard) -> None:
    blank = len(heard.letters)
    times = frame_times(len(heard.probabilities), heard.seconds)
    axes.plot(times, heard.probabilities[:, blank], color=BLANK_COLOUR, linewidth=1, linestyle=":")
    spikes = _spikes(heard.probabilities)
    said = sorted({label for label, _ in spikes})
    colours = dict(zip(said, class_colours(len(said)), strict=True))
    for label in said:
        axes.plot(times, heard.probabilities[:, label], color=colours[label], linewidth=1.2)
    for label, frame in spikes:
        letter = heard.letters[label]
        axes.annotate(
            "␣" if letter == " " else letter, (times[frame], 1.0), (0, 3),
            textcoords="offset points", ha="center", color=colours[label], weight="bold",
            fontsize=10, parse_math=False,
        )  # fmt: skip
    axes.set(
        xlabel="Seconds (dotted: the blank between letters)",
        ylabel="Probability",
        xlim=(0, heard.seconds),
        ylim=(0, 1.22),
    )
    axes.set_yticks([0, 0.5, 1])
    axes.spines[["top", "right"]].set_visible(False)


def _spikes(probabilities: np.ndarray) -> list[tuple[int, int]]:
    """The labels of the likeliest path, each with the frame where it is surest."""
    blank = probabilities.shape[1] - 1
    path = probabilities.argmax(axis=1)
    borders = [0, *np.flatnonzero(np.diff(path)) + 1, len(path)]
    runs = [(start, end) for start, end in itertools.pairwise(borders) if path[start] != blank]
    return [
        (int(path[start]), start + int(probabilities[start:end, path[start]].argmax()))
        for start, end in runs
    ]

"""Spectrograms: what a recogniser of speech hears, and when it listens."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.examples import Drawing
from dlapps.explain.figures.mistakes import mistakes_figure
from dlapps.explain.figures.palette import class_colours
from dlapps.explain.figures.relevance import SIGNED_COLOURS, scale_label
from dlapps.explain.figures.spectrogram import (
    draw_spectrogram,
    extent_of,
    frame_times,
    label_spectrogram,
)

SUPPORT_COLOURS = "Oranges"
"""On a pale spectrogram, from nothing to much."""
PALENESS = 0.3
LARGEST_PERCENTILE = 99.8
"""Above it relevance is drawn alike: one cell alone must not make all others pale."""
MOST_BARS = 12
WAVE = "#34495e"
UNHEEDED = "#d5d8dc"
"""Of a waveform where nothing spoke for the answer."""
MOST_PIECES = 400
"""Into which a waveform is cut to be drawn, each a line from its lowest sample to its highest."""


def heard_figure(
    title: str,
    waveform: np.ndarray,
    spectrogram: np.ndarray,
    seconds: float,
    frequencies: np.ndarray,
    probabilities: Mapping[str, float],
    attention: np.ndarray | None = None,
) -> Figure:
    """One recording's waveform, spectrogram, attention where there is some, and the answer beside.

    `waveform` is [samples], `spectrogram` [frames, bands] in 0..1, `frequencies` [bands] in hertz,
    `attention` [frames]; of `probabilities` the 12 highest are drawn.
    """
    heights = [1.2, 3] if attention is None else [1.2, 3, 1.2]
    figure = Figure(figsize=(8, 1.2 + 0.8 * sum(heights)), layout="constrained")
    figure.suptitle(title, parse_math=False)
    grid = figure.add_gridspec(len(heights), 2, width_ratios=[3, 1], height_ratios=heights)
    above = figure.add_subplot(grid[0, 0])
    further = [figure.add_subplot(grid[row, 0], sharex=above) for row in range(1, len(heights))]
    rows = [above, *further]
    _draw_waveform(above, waveform, seconds)
    draw_spectrogram(rows[1], spectrogram, seconds)
    label_spectrogram(rows[1], frequencies)
    if attention is not None:
        rows[2].fill_between(frame_times(len(attention), seconds), attention, step="mid")
        rows[2].set(xlabel="Seconds", ylabel="Attention", ylim=(0, None))
    for axes in rows:
        axes.label_outer()
    figure.align_ylabels(rows)
    _draw_answer(figure.add_subplot(grid[:, 1]), probabilities)
    return figure


def relevance_figure(
    title: str,
    waveform: np.ndarray,
    spectrogram: np.ndarray,
    seconds: float,
    frequencies: np.ndarray,
    relevance: Relevance,
) -> Figure:
    """One recording's waveform, its spectrogram, and the same in pale under its relevance.

    What is drawn is as in `heard_figure`; `relevance` is [frames, bands].
    """
    figure = Figure(figsize=(8, 6.2), layout="constrained")
    figure.suptitle(title, parse_math=False)
    grid = figure.add_gridspec(3, 2, width_ratios=[40, 1], height_ratios=[1.2, 3, 3])
    above = figure.add_subplot(grid[0, 0])
    middle, below = (figure.add_subplot(grid[row, 0], sharex=above) for row in (1, 2))
    _draw_waveform(above, waveform, seconds)
    draw_spectrogram(middle, spectrogram, seconds)
    draw_spectrogram(below, PALENESS * spectrogram, seconds, "gray_r")
    values = relevance.values.T
    shades = _shades(values, relevance, LARGEST_PERCENTILE)
    overlay = shades.to_rgba(values)
    overlay[..., 3] = np.minimum(np.abs(values) / shades.norm.vmax, 1)
    below.imshow(overlay, origin="lower", aspect="auto", extent=extent_of(spectrogram, seconds))
    figure.colorbar(shades, cax=figure.add_subplot(grid[2, 1]), label=scale_label(relevance))
    for axes in (middle, below):
        label_spectrogram(axes, frequencies)
    for axes in (above, middle, below):
        axes.label_outer()
    figure.align_ylabels([above, middle, below])
    return figure


def heard_relevance_figure(
    title: str,
    waveform: np.ndarray,
    spectrogram: np.ndarray,
    seconds: float,
    frequencies: np.ndarray,
    relevance: Relevance,
) -> Figure:
    """A waveform [samples] in the colours of its relevance [places, 1], below its spectrogram.

    `spectrogram` and `frequencies` are as in `heard_figure`.
    """
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    figure.suptitle(title, parse_math=False)
    above, below = figure.subplots(2, 1, sharex=True)
    draw_spectrogram(above, spectrogram, seconds)
    label_spectrogram(above, frequencies)
    above.label_outer()
    times = frame_times(min(MOST_PIECES, len(waveform)), seconds)
    shown = _at_times(relevance.values[:, 0], times, seconds)
    shades = _shades(shown, relevance, 100)
    colours = shades.to_rgba(shown)
    colours[:, 3] = np.abs(shown) / shades.norm.vmax
    _draw_waveform(below, waveform, seconds, UNHEEDED)
    _draw_waveform(below, waveform, seconds, [*colours])
    figure.colorbar(shades, ax=below, label=scale_label(relevance))
    return figure


def mistaken_spectrograms(
    spectrograms: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    seconds: float,
    count: int = 15,
) -> Figure:
    """The surest mistakes as spectrograms [examples, frames, bands] of `seconds` each."""

    def draw(axes: Axes, index: int) -> None:
        draw_spectrogram(axes, spectrograms[index], seconds)

    return mistakes_figure(draw, (1.5, 1.6), labels, probabilities, class_names, count)


def drawings_of(spectrograms: np.ndarray, seconds: float) -> list[Drawing]:
    """How each of the spectrograms [examples, frames, bands] is drawn."""
    return [
        functools.partial(draw_spectrogram, spectrogram=each, seconds=seconds)
        for each in spectrograms
    ]


def attention_by_class(
    attention: np.ndarray, labels: np.ndarray, class_names: Sequence[str], seconds: float
) -> Figure:
    """The mean attention [examples, frames] over the time of a clip, one row a class."""
    members = np.eye(len(class_names))[labels]
    means = members.T @ attention / np.maximum(members.sum(axis=0), 1)[:, None]
    figure = Figure(figsize=(7, 1.5 + 0.3 * len(class_names)), layout="constrained")
    axes = figure.subplots()
    extent = (0, seconds, len(class_names) - 0.5, -0.5)
    image = axes.imshow(means, aspect="auto", cmap="Blues", extent=extent, interpolation="nearest")
    axes.set_yticks(range(len(class_names)), class_names, parse_math=False)
    axes.set(xlabel="Seconds", ylabel="Class", title="When the network listens")
    figure.colorbar(image, ax=axes, label="Mean attention")
    return figure


def _shades(values: np.ndarray, relevance: Relevance, percentile: float) -> ScalarMappable:
    """The colours of relevance, of which the strongest is at that percentile of its values."""
    limit = max(float(np.percentile(np.abs(values), percentile)), 1e-12)
    if relevance.method.signed:
        return ScalarMappable(Normalize(-limit, limit), SIGNED_COLOURS)
    return ScalarMappable(Normalize(0, limit), SUPPORT_COLOURS)


def _at_times(values: np.ndarray, times: np.ndarray, seconds: float) -> np.ndarray:
    """Values [places] of a clip at as many of its `times`: means of several, or between two."""
    if len(values) > len(times):
        return np.array([part.mean() for part in np.array_split(values, len(times))])
    return np.interp(times, frame_times(len(values), seconds), values)


def _draw_waveform(
    axes: Axes, waveform: np.ndarray, seconds: float, colours: str | list = WAVE
) -> None:
    """A waveform [samples] in one colour, or each piece of it in its own."""
    pieces = np.array_split(waveform, min(MOST_PIECES, len(waveform)))
    lows, highs = zip(*((piece.min(), piece.max()) for piece in pieces))
    axes.axhline(0, color=UNHEEDED, linewidth=1, zorder=0)
    axes.vlines(frame_times(len(pieces), seconds), lows, highs, colors=colours, linewidth=1.6)
    axes.set(xlabel="Seconds", ylabel="Waveform", yticks=[])


def _draw_answer(axes: Axes, probabilities: Mapping[str, float]) -> None:
    highest = sorted(probabilities.items(), key=lambda item: -item[1])[:MOST_BARS]
    names, values = zip(*highest)
    axes.barh(range(len(names)), values, color=class_colours(1)[0])
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.invert_yaxis()
    axes.set(xlabel="Probability", xlim=(0, 1))

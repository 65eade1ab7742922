"""What a language model expected of a text, what it keeps in mind, and how it writes."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dlapps.applications.language.tracking import Tracked
from dlapps.explain.figures.coloured_text import ColouredText, Colouring, coloured_text_figure
from dlapps.explain.figures.png import message_figure

SURPRISE = Colouring("Surprise (nats)", "Oranges", 0.0, 6.0)
MOST_UNITS = 40
MOST_STEPS = 90
SHOWN_UNITS = 4
PAGE_WIDTH = 7.6
MOST_LINES = 14
LETTERS = 74


def surprise_figure(tokens: Sequence[str], nats: np.ndarray) -> Figure:
    """A text whose tokens are the darker the less they were expected; nats [T]."""
    title = f"What came unexpected: {np.mean(nats):.2f} nats a token"
    return coloured_text_figure([ColouredText(title, tokens, nats)], SURPRISE)


def tracking_figure(
    tokens: Sequence[str], states: np.ndarray, found: Sequence[Tracked], layer: str
) -> Figure:
    """The text once for each of the units found, coloured by its state; states [T, units]."""
    if not found:
        return message_figure("No unit was found that keeps track of what was looked for.")
    texts = [
        ColouredText(
            f"Unit {each.unit} of {layer}: {each.what} (r = {each.correlation:.2f})",
            tokens,
            _scaled(states[:, each.unit]),
        )
        for each in found[:SHOWN_UNITS]
    ]
    return coloured_text_figure(texts, Colouring("Memory, by its largest", "RdBu_r", -1.0, 1.0))


def gates_figure(tokens: Sequence[str], gates: Mapping[str, np.ndarray], layer: str) -> Figure:
    """How far each gate of a layer opened at each of the last tokens; gates [T, units] each.

    Of many units those are shown whose state moved most.
    """
    shown = slice(max(0, len(tokens) - MOST_STEPS), None)
    moves = gates["state"][shown].std(axis=0)
    units = np.sort(np.argsort(-moves, kind="stable")[:MOST_UNITS])
    letters = [_visible(token) for token in tokens[shown]]
    width = max(4.0, 1.4 + 0.11 * len(letters))
    figure = Figure(figsize=(width, 0.5 + 1.35 * len(gates)), layout="constrained")
    places = figure.subplots(len(gates), squeeze=False, sharex=True)[:, 0]
    for axes, (name, values) in zip(places, gates.items(), strict=True):
        is_gate = name.endswith("gate")
        image = axes.imshow(
            values[shown][:, units].T,
            cmap="Greys" if is_gate else "RdBu_r",
            vmin=0 if is_gate else -1,
            vmax=1,
            aspect="auto",
            interpolation="nearest",
        )
        axes.set_ylabel(name.capitalize(), fontsize=8)
        axes.set_yticks([])
        figure.colorbar(image, ax=axes, pad=0.01).ax.tick_params(labelsize=6)
    places[-1].set_xticks(range(len(letters)), letters, fontsize=6, parse_math=False)
    if max(map(len, letters), default=0) > 1:
        places[-1].tick_params(axis="x", rotation=90)
    figure.suptitle(f"Gates of {layer}, a row a unit, a column a token that was read", fontsize=10)
    return figure


def samples_figure(prompt: str, written: Mapping[float, str]) -> Figure:
    """How a text goes on, at several temperatures."""
    blocks = [("A text", _lines(prompt))]
    blocks += [
        (f"goes on at temperature {temperature:g}", _lines(text))
        for temperature, text in written.items()
    ]
    height = 0.2 + sum(0.36 + 0.17 * len(lines) for _, lines in blocks)
    figure = Figure(figsize=(PAGE_WIDTH, height))
    options: dict[str, Any] = {"va": "top", "parse_math": False}
    place = 0.1
    for title, lines in blocks:
        figure.text(0.02, 1 - place / height, title, size=9, weight="bold", **options)
        figure.text(
            0.02, 1 - (place + 0.19) / height, "\n".join(lines), size=8.5, family="monospace",
            linespacing=1.25, **options,
        )  # fmt: skip
        place += 0.36 + 0.17 * len(lines)
    return figure


def _lines(text: str) -> list[str]:
    """The first lines of a text, long ones broken."""
    lines = (part for line in text.split("\n") for part in textwrap.wrap(line, LETTERS) or [""])
    return [*lines][:MOST_LINES]


def _scaled(values: np.ndarray) -> np.ndarray:
    return values / max(float(np.abs(values).max()), 1e-12)


def _visible(text: str) -> str:
    return text.replace("\n", "↵").replace(" ", "␣")

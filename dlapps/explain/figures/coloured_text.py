"""Text in which each token stands on a colour that says a number of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.relevance import SIGNED_COLOURS, SUPPORT_COLOURS, scale_label

WIDEST, NARROWEST = 84, 48
"""Characters of a line: longer ones are broken, and short ones leave room for the title."""
CHARACTER, LINE = 0.088, 0.19
"""Inches of a character's width and of a line's height."""
TITLE, BAR, MARGIN = 0.34, 0.75, 0.12
BAR_LENGTH, BAR_HEIGHT = 2.6, 0.11
NUM_TICKS = 3
LINE_BREAK = "↵"
TOO_DARK = 0.45


class Colouring(NamedTuple):
    """What colours mean."""

    label: str
    colours: str
    low: float
    high: float


class ColouredText(NamedTuple):
    """A text and a number [T] for each of its tokens [T], which follow one another as written."""

    title: str
    tokens: Sequence[str]
    values: np.ndarray


def coloured_text_figure(texts: Sequence[ColouredText], colouring: Colouring) -> Figure:
    """The texts one below the other, each token on the colour of its number, and what colours mean.

    A line ends where a token is a line break, which is shown.
    """
    layouts = [_Layout(text.tokens) for text in texts]
    width = max(layout.width for layout in layouts) * CHARACTER
    height = sum(TITLE + layout.num_lines * LINE for layout in layouts) + BAR
    figure = Figure(figsize=(width + 2 * MARGIN, height))

    def axes_at(top: float, width: float, height_of_axes: float) -> Axes:
        """Axes of so many inches, so far below the figure's top."""
        full = figure.get_size_inches()
        left, bottom = MARGIN / full[0], 1 - (top + height_of_axes) / full[1]
        return figure.add_axes((left, bottom, width / full[0], height_of_axes / full[1]))

    paint = ScalarMappable(Normalize(colouring.low, colouring.high), colormaps[colouring.colours])
    top = 0.0
    for text, layout in zip(texts, layouts, strict=True):
        top += TITLE
        axes = axes_at(top, layout.width * CHARACTER, layout.num_lines * LINE)
        _draw(axes, text, layout, paint)
        top += layout.num_lines * LINE
    bar = figure.colorbar(
        paint,
        cax=axes_at(top + 0.18, BAR_LENGTH, BAR_HEIGHT),
        orientation="horizontal",
        ticks=np.linspace(colouring.low, colouring.high, NUM_TICKS),
    )
    bar.ax.tick_params(labelsize=7)
    bar.set_label(colouring.label, fontsize=8)
    return figure


def relevance_over_text(title: str, tokens: Sequence[str], relevance: Relevance) -> Figure:
    """A text whose tokens [T] stand on the colours of their relevance, of one text, [T]."""
    limit = max(float(np.abs(relevance.values).max()), 1e-12)
    is_signed = relevance.method.signed
    colouring = Colouring(
        scale_label(relevance),
        SIGNED_COLOURS if is_signed else SUPPORT_COLOURS,
        -limit if is_signed else 0.0,
        limit,
    )
    return coloured_text_figure([ColouredText(title, tokens, relevance.values)], colouring)


class _Layout:
    """In which line and column each token begins."""

    def __init__(self, tokens: Sequence[str]):
        self.rows: list[int] = []
        self.columns: list[int] = []
        row = column = 0
        for token in tokens:
            if column + len(token.rstrip()) > WIDEST:
                row, column = row + 1, 0
            self.rows.append(row)
            self.columns.append(column)
            row, column = (row + 1, 0) if token == "\n" else (row, column + len(token))
        self.num_lines = self.rows[-1] + 1
        ends = [column + len(t) for column, t in zip(self.columns, tokens, strict=True)]
        self.width = max(NARROWEST, min(WIDEST, max(ends)))


def _draw(axes: Axes, text: ColouredText, layout: _Layout, paint: ScalarMappable) -> None:
    shades = paint.to_rgba(np.asarray(text.values))
    is_dark = shades[:, :3] @ (0.299, 0.587, 0.114) < TOO_DARK
    cells = np.ones((layout.num_lines, layout.width, 4))
    for place, token in enumerate(text.tokens):
        row, first = layout.rows[place], layout.columns[place]
        shown = token.replace("\n", LINE_BREAK)[: layout.width - first]
        cells[row, first : first + len(shown)] = shades[place]
        for column, letter in enumerate(shown, first):
            if letter != " ":
                axes.text(
                    column, row, letter, ha="center", va="center", size=8, family="monospace",
                    color="white" if is_dark[place] else "black", parse_math=False,
                )  # fmt: skip
    axes.imshow(cells, aspect="auto", interpolation="nearest")
    axes.set_title(text.title, loc="left", fontsize=9, parse_math=False)
    axes.set_axis_off()

"""A model's architecture as a picture: a box a layer, an arrow for what flows between them."""

from collections.abc import Iterator
from html import escape
from itertools import pairwise

import keras
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Polygon, Rectangle
from matplotlib.path import Path

from dlapps.explain.architecture.drawing import Drawing, Text, architecture_drawing
from dlapps.explain.architecture.layer_graph import Role
from dlapps.explain.architecture.page import BOX_HEIGHT, Point

COLOURS = {
    Role.INPUT: "#8c8c8c",
    Role.WEIGHTS: "#0072b2",
    Role.NO_WEIGHTS: "#9cc9e6",
    Role.MERGE: "#e69f00",
    Role.MODEL: "#cc79a7",
}
INK = "#1d2733"
PALE_INK = "#5c6773"
LINE = "#75808c"
BORDER = "#c3cbd3"
FILL = "#f8fafc"


def architecture_svg(model: keras.Model) -> str:
    """The picture as the text of a self-contained SVG file."""
    drawing = architecture_drawing(model)
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" '
            f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" '
            'font-family="DejaVu Sans, Verdana, Arial, sans-serif">',
            f"<title>{escape(drawing.title)}</title>",
            f'<rect {size} fill="white"/>',
            *(_svg_arrow(points) for points in drawing.arrows),
            *(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.0f}" '
                f'fill="{colour}" stroke="{edge}"/>'
                for x, y, width, height, colour, edge in _rectangles(drawing)
            ),
            *(_svg_text(text) for text in drawing.texts),
            "</svg>\n",
        ]
    )


def architecture_figure(model: keras.Model) -> Figure:
    """The same picture as a matplotlib figure, one point a pixel of the SVG."""
    drawing = architecture_drawing(model)
    figure = Figure(figsize=(drawing.width / 72, drawing.height / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
    axes.axis("off")
    for points in drawing.arrows:
        steps = list(_line(points))
        vertices = [point for _, corners in steps for point in corners]
        codes = [code for code, corners in steps for _ in corners]
        axes.add_patch(PathPatch(Path(vertices, codes), fill=False, edgecolor=LINE, linewidth=1.3))
        axes.add_patch(Polygon(_arrow_head(points[-1]), color=LINE, linewidth=0))
    for x, y, width, height, colour, edge in _rectangles(drawing):
        axes.add_patch(
            Rectangle((x, y), width, height, facecolor=colour, edgecolor=edge, linewidth=0.9)
        )
    for text in drawing.texts:
        axes.text(
            text.x,
            text.y,
            text.words,
            size=text.size,
            weight="bold" if text.bold else "normal",
            color=PALE_INK if text.pale else INK,
            ha="right" if text.ends_here else "left",
            va="baseline",
            parse_math=False,
        )
    return figure


def _rectangles(drawing: Drawing) -> Iterator[tuple[float, float, float, float, str, str]]:
    for box in drawing.boxes:
        yield box.left, box.top, drawing.box_width, BOX_HEIGHT, FILL, BORDER
        yield box.left, box.top, 5, BOX_HEIGHT, COLOURS[box.call.role], "none"
    for x, y, role in drawing.legend:
        yield x, y, 10, 10, COLOURS[role], "none"


def _line(points: tuple[Point, ...]) -> Iterator[tuple[np.uint8, tuple[Point, ...]]]:
    """Path codes with their points: straight along an axis, else an S from above to below."""
    yield Path.MOVETO, points[:1]
    for (x, y), (next_x, next_y) in pairwise(points):
        if x == next_x or y == next_y:
            yield Path.LINETO, ((next_x, next_y),)
        else:
            middle = (y + next_y) / 2
            yield Path.CURVE4, ((x, middle), (next_x, middle), (next_x, next_y))


def _svg_arrow(points: tuple[Point, ...]) -> str:
    letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE4: "C"}
    line = " ".join(
        letters[code] + " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        for code, corners in _line(points)
    )
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in _arrow_head(points[-1]))
    return (
        f'<path d="{line}" fill="none" stroke="{LINE}" stroke-width="1.3"/>'
        f'<polygon points="{head}" fill="{LINE}"/>'
    )


def _svg_text(text: Text) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    anchor = ' text-anchor="end"' if text.ends_here else ""
    return (
        f'<text x="{text.x:.1f}" y="{text.y:.1f}" font-size="{text.size}" '
        f'fill="{PALE_INK if text.pale else INK}"{weight}{anchor}>{escape(text.words)}</text>'
    )


def _arrow_head(tip: Point) -> tuple[Point, Point, Point]:
    x, y = tip
    return (x, y), (x - 4, y - 7), (x + 4, y - 7)

"""A drawing as an SVG and as a PNG file, one pixel of the drawing a pixel or a point of them."""

import io
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PatchCollection, PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from PIL import Image

from dlapps.explain.architecture.drawing import Drawing
from dlapps.explain.architecture.layer_graph import Role
from dlapps.explain.architecture.page import Extent, Point
from dlapps.explain.architecture.text import Text

COLOURS = {
    Role.INPUT: "#8c8c8c",
    Role.WEIGHTS: "#0072b2",
    Role.NO_WEIGHTS: "#9cc9e6",
    Role.MERGE: "#e69f00",
    Role.MODEL: "#cc79a7",
}
INK = "#1d2733"
PALE_INK = "#5c6773"
LINE, LINE_WIDTH = "#75808c", 1.3
BORDER, FILL = "#b3bdc7", "#ffffff"
FRAME_BORDER, FRAME_FILL = "#8c9aa8", "#eef3f8"
POINTS_PER_INCH = 72
DOTS_PER_INCH = 100
NUM_COLOURS = 64


def architecture_svg(drawing: Drawing) -> str:
    """The text of a self-contained SVG file."""
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" '
            f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" '
            'font-family="DejaVu Sans, Verdana, Arial, sans-serif">',
            f"<title>{escape(drawing.title)}</title>",
            f'<rect {size} fill="white"/>',
            *(_svg_rectangle(frame, FRAME_FILL, FRAME_BORDER) for frame in drawing.frames),
            *map(_svg_arrow, drawing.arrows),
            *(
                _svg_rectangle(box, FILL, BORDER, content)
                for box, content in zip(drawing.boxes, drawing.contents)
            ),
            # A pointer anywhere over a box finds the box, whose content a browser then shows.
            '<g pointer-events="none">',
            *(_svg_rectangle(block, COLOURS[role], "none") for block, role in drawing.blocks),
            *map(_svg_text, drawing.texts),
            "</g>",
            "</svg>\n",
        ]
    )


def architecture_figure(drawing: Drawing) -> Figure:
    """The same picture as a matplotlib figure, one point a pixel of the SVG."""
    size = (drawing.width / POINTS_PER_INCH, drawing.height / POINTS_PER_INCH)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
    axes.axis("off")
    # Collections: one by one, many patches take seconds.
    lines = [_path(points) for points in drawing.arrows]
    heads = [_arrow_head(points) for points in drawing.arrows]
    axes.add_collection(_rectangles(drawing.frames, FRAME_FILL, FRAME_BORDER))
    axes.add_collection(
        PathCollection(lines, facecolors="none", edgecolors=LINE, linewidths=LINE_WIDTH, zorder=2)
    )
    axes.add_collection(PolyCollection(heads, facecolors=LINE, linewidths=0, zorder=2))
    axes.add_collection(_rectangles(drawing.boxes, FILL, BORDER))
    blocks = [block for block, _ in drawing.blocks]
    axes.add_collection(_rectangles(blocks, [COLOURS[role] for _, role in drawing.blocks], "none"))
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


def architecture_png(drawing: Drawing) -> bytes:
    """The same picture as a PNG file."""
    canvas = FigureCanvasAgg(architecture_figure(drawing))
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    # Few colours make a file a third as large, in less time.
    image.quantize(NUM_COLOURS, Image.Quantize.FASTOCTREE).save(buffer, format="png")
    return buffer.getvalue()


def _rectangles(extents: Sequence[Extent], fill: str | Sequence[str], edge: str) -> PatchCollection:
    patches = [Rectangle((left, top), width, height) for left, top, width, height in extents]
    return PatchCollection(patches, facecolors=fill, edgecolors=edge, linewidths=0.9, zorder=2)


def _svg_rectangle(extent: Extent, fill: str, edge: str, title: str = "") -> str:
    inside = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<rect x="{extent.left:.1f}" y="{extent.top:.1f}" width="{extent.width:.1f}" '
        f'height="{extent.height:.1f}" fill="{fill}" stroke="{edge}">{inside}</rect>'
    )


def _line(points: Sequence[Point]) -> Iterator[tuple[np.uint8, tuple[Point, ...]]]:
    """Path codes with their points: straight along an axis, else an S from above to below."""
    yield Path.MOVETO, (points[0],)
    for (x, y), (next_x, next_y) in pairwise(points):
        if x == next_x or y == next_y:
            yield Path.LINETO, ((next_x, next_y),)
        else:
            middle = (y + next_y) / 2
            yield Path.CURVE4, ((x, middle), (next_x, middle), (next_x, next_y))


def _path(points: Sequence[Point]) -> Path:
    steps = list(_line(points))
    return Path(
        [point for _, corners in steps for point in corners],
        [code for code, corners in steps for _ in corners],
    )


def _svg_arrow(points: Sequence[Point]) -> str:
    letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE4: "C"}
    line = " ".join(
        letters[code] + " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        for code, corners in _line(points)
    )
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in _arrow_head(points))
    return (
        f'<path d="{line}" fill="none" stroke="{LINE}" stroke-width="{LINE_WIDTH}"/>'
        f'<polygon points="{head}" fill="{LINE}"/>'
    )


def _svg_text(text: Text) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    anchor = ' text-anchor="end"' if text.ends_here else ""
    return (
        f'<text x="{text.x:.1f}" y="{text.y:.1f}" font-size="{text.size}" '
        f'fill="{PALE_INK if text.pale else INK}"{weight}{anchor}>{escape(text.words)}</text>'
    )


def _arrow_head(points: Sequence[Point]) -> tuple[Point, Point, Point]:
    """A triangle at the end of a line, which comes from the left or along a column."""
    (_, before), (x, y) = points[-2:]
    if y == before:
        return (x, y), (x - 7, y - 4), (x - 7, y + 4)
    back = -7 if y > before else 7
    return (x, y), (x - 4, y + back), (x + 4, y + back)

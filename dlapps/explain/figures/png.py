"""Figures and pictures as PNG files, and the figure for where there is nothing to draw."""

import io

from matplotlib.figure import Figure
from PIL import Image

DOTS_PER_INCH = 120


def png_bytes(figure: Figure) -> bytes:
    """The figure as a PNG file, with margins that clip no text."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", facecolor="white")
    return buffer.getvalue()


def png_of(picture: Image.Image) -> bytes:
    """The picture as a PNG file, in its own size."""
    buffer = io.BytesIO()
    picture.save(buffer, "png")
    return buffer.getvalue()


def message_figure(message: str) -> Figure:
    """A figure that holds only a sentence."""
    figure = Figure(figsize=(6, 1.6))
    figure.text(0.5, 0.5, message, ha="center", va="center", size=13, parse_math=False)
    return figure

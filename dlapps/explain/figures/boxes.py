"""Boxes over their images: as a file in the image's own size, and as part of a figure."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw, ImageFont

from dlapps.explain.figures.palette import class_colours
from dlapps.explain.figures.png import png_of

WRONG = "#d4002a"
"""The colour of what is missed, and of boxes that are no object's."""


def drawn_png(
    image: np.ndarray,
    boxes: np.ndarray,
    titles: Sequence[str],
    classes: Sequence[int],
    num_classes: int,
) -> bytes:
    """A PNG file of the image, uint8 [H, W, 3], in its own size with boxes [n, 4] over it.

    Lines and letters grow with the image, and the surest, which come first, lie on top.
    """
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    side = max(picture.size)
    width, letters = max(1, round(side / 300)), max(9, round(side / 45))
    font = ImageFont.load_default(letters)
    colours = class_colours(num_classes)
    for box, title, label in reversed([*zip(boxes, titles, classes, strict=True)]):
        left, top, right, bottom = (float(each) for each in box)
        colour = colours[label]
        # The last pixel ends where the box does.
        corner = max(left, right - 1), max(top, bottom - 1)
        draw.rectangle((left, top, *corner), outline=colour, width=width)
        _add_title(draw, (left, top), title, colour, font)
    return png_of(picture)


def _add_title(
    draw: ImageDraw.ImageDraw,
    corner: tuple[float, float],
    title: str,
    colour: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Writes above the corner of a box, or within the image where that would be outside."""
    margin = 2
    left, top, right, bottom = draw.textbbox((0, 0), title, font=font)
    width, height = right - left + 2 * margin, bottom - top + 2 * margin
    begin = max(0.0, min(corner[0], draw.im.size[0] - width))
    above = max(0.0, corner[1] - height)
    draw.rectangle((begin, above, begin + width - 1, above + height - 1), fill=colour)
    place = (begin + margin - left, above + margin - top)
    draw.text(place, title, fill=_readable_on(colour), font=font)


def add_boxes(
    axes: Axes,
    boxes: np.ndarray,
    classes: np.ndarray,
    is_wrong: np.ndarray,
    colours: Sequence[str],
) -> None:
    """Draws boxes [n, 4] in pixels of the image, in the colours of their classes.

    Those that are wrong are dashed, and in a colour of their own.
    """
    for (left, top, right, bottom), label, wrong in zip(boxes, classes, is_wrong, strict=True):
        # The middle of the first pixel is at 0, and its border half a pixel before.
        axes.add_patch(
            Rectangle(
                (left - 0.5, top - 0.5),
                right - left,
                bottom - top,
                fill=False,
                edgecolor=WRONG if wrong else colours[label],
                linestyle="--" if wrong else "-",
                linewidth=1.6,
            )
        )


def _readable_on(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"

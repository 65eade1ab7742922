"""Lines of text on a drawing, and how much room they take."""

from dataclasses import dataclass
from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

TEXT_SIZE = 9.5
HINTED = 1.02
"""How much wider text is where its letters are fitted to pixels."""


@dataclass(frozen=True)
class Text:
    """A line of text on its baseline, which starts or ends at x."""

    x: float
    y: float
    words: str
    size: float = TEXT_SIZE
    bold: bool = False
    pale: bool = False
    ends_here: bool = False


@cache
def text_width(words: str, size: float = TEXT_SIZE, bold: bool = False) -> float:
    """In pixels, in the font that matplotlib brings along; the SVG asks for the same or alike."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(words, font, ismath=False)
    return HINTED * width

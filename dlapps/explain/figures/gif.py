"""Pictures that move: frames and figures as GIF files."""

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# GIF counts in hundredths of a second, and viewers slow down what is faster than two of them.
SHORTEST_FRAME = 0.02

FIGURES_PER_SECOND, LAST_SECONDS = 3, 2
DOTS_PER_INCH = (100, 70, 50, 35)
"""Of a film, the finest first."""
NUM_COLOURS = 64
MOST_BYTES = 1_500_000


def gif_bytes(
    frames: Sequence[np.ndarray], frames_per_second: float, last_seconds: float = 0.0
) -> bytes:
    """A GIF that plays `frames`, uint8 [height, width, 3], again and again.

    Where `frames_per_second` is more than a GIF can show, frames are left out, never the last,
    which is shown for `last_seconds` if that is longer.
    """
    every = math.ceil(SHORTEST_FRAME * frames_per_second - 1e-9)
    kept = [*frames[:-1:every], frames[-1]]
    first, *rest = (Image.fromarray(frame) for frame in kept)
    shown = round(1000 * every / frames_per_second)
    buffer = io.BytesIO()
    first.save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=rest,
        duration=[shown] * len(rest) + [max(shown, round(1000 * last_seconds))],
        loop=0,
    )
    return buffer.getvalue()


def film_bytes(figures: Sequence[Figure]) -> bytes:
    """A GIF of figures of one size, slow enough to read, that stays on the last for a while.

    It is coarser where it would be larger than a page should hold.
    """
    for dots_per_inch in DOTS_PER_INCH:
        frames = [_frame(figure, dots_per_inch) for figure in figures]
        film = gif_bytes(frames, FIGURES_PER_SECOND, LAST_SECONDS)
        if len(film) <= MOST_BYTES:
            break
    return film


def _frame(figure: Figure, dots_per_inch: int) -> np.ndarray:
    """The whole figure, uint8 [height, width, 3], whatever is on it."""
    figure.set_dpi(dots_per_inch)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    # So few colours, without dots of them, halve the file and can hardly be told from all.
    return np.asarray(image.quantize(NUM_COLOURS, dither=Image.Dither.NONE).convert("RGB"))

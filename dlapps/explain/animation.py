"""Pictures one after another as an animated GIF."""

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

# GIF counts in hundredths of a second, and viewers slow down what is faster than two of them.
SHORTEST_FRAME = 0.02


def gif_bytes(frames: Sequence[np.ndarray], frames_per_second: float) -> bytes:
    """A GIF that plays `frames`, uint8 [height, width, 3], again and again.

    Where `frames_per_second` is more than a GIF can show, frames are left out, never the last.
    """
    every = math.ceil(SHORTEST_FRAME * frames_per_second - 1e-9)
    kept = [*frames[:-1:every], frames[-1]]
    first, *rest = (Image.fromarray(frame) for frame in kept)
    buffer = io.BytesIO()
    first.save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=rest,
        duration=round(1000 * every / frames_per_second),
        loop=0,
    )
    return buffer.getvalue()

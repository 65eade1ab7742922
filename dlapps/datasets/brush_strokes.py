"""A drawn picture of coloured strokes along a flow: a style for when no painting is at hand."""

import numpy as np
from scipy.ndimage import map_coordinates

PALETTE = np.array([(20, 33, 96), (42, 104, 176), (236, 190, 64), (236, 232, 206), (196, 74, 42)])
"""Dark and light blue, yellow, cream and red, from 0 to 255."""
SAMPLES = 24
"""Places along each stroke that are averaged."""


def brush_strokes(size: int = 256, seed: int = 0) -> np.ndarray:
    """uint8 [size, size, 3]: noise in five colours, smeared along swirling lines.

    Such is a line integral convolution (Cabral, Leedom 1993): a pixel is the mean of those along
    the line of flow through it.
    """
    random = np.random.RandomState(seed)
    coarse = random.randint(0, len(PALETTE), (size // 3 + 1, size // 3 + 1))
    noise = PALETTE[np.kron(coarse, np.ones((3, 3), int))[:size, :size]].astype(float)
    rows, columns = np.mgrid[:size, :size].astype(float)
    angle = _flow(rows / size, columns / size, random)
    step = size / 256
    total = np.zeros_like(noise)
    for way in (step, -step):
        y, x = rows.copy(), columns.copy()
        for _ in range(SAMPLES // 2):
            here = map_coordinates(angle, (y, x), order=1, mode="nearest")
            y, x = y + way * np.sin(here), x + way * np.cos(here)
            for channel in range(3):
                total[..., channel] += map_coordinates(
                    noise[..., channel], (y, x), order=1, mode="mirror"
                )
    strokes = total / SAMPLES
    contrast = 2.0 * (strokes - strokes.mean(axis=(0, 1))) + strokes.mean(axis=(0, 1))
    return np.round(np.clip(contrast, 0, 255)).astype(np.uint8)


def _flow(y: np.ndarray, x: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """The direction in radians at places in [0, 1]: a few waves that go around."""
    angle = np.zeros_like(y)
    for _ in range(4):
        frequency = random.uniform(-9, 9, 2)
        angle += 1.2 * np.sin(frequency[0] * y + frequency[1] * x + random.uniform(0, 6.3))
    return angle

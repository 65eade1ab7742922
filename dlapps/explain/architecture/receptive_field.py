"""Which part of an image a place in the maps of a layer sees."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Window(NamedTuple):
    """For each axis of an image, how much of it a place of some maps sees, and where."""

    image: tuple[int, ...]
    """The sides of the image in pixels."""
    maps: tuple[int, ...]
    sides: tuple[int, ...]
    """Those of what is seen, no larger than the image."""
    apart: tuple[float, ...]
    """How many pixels lie between the centres of two neighbours of the maps."""

    def seen(self, image: np.ndarray, place: Sequence[int]) -> np.ndarray:
        """What the place of the maps sees of an image [H, W, C], white where that has ended.

        Its centre supposes that the borders are alike on both sides; where strides leave some
        pixels out at one of them, it is off by half of these.
        """
        slices, padding = [], []
        for axis, side in enumerate(self.sides):
            from_middle = (place[axis] - (self.maps[axis] - 1) / 2) * self.apart[axis]
            first = math.floor((self.image[axis] - side) / 2 + from_middle + 0.5)
            if side == self.image[axis]:
                first = 0
            slices.append(slice(max(first, 0), max(first + side, 0)))
            padding.append((min(max(-first, 0), side), max(first + side - self.image[axis], 0)))
        return np.pad(image[tuple(slices)], [*padding, (0, 0)], constant_values=1.0)


def window(
    sight: Sequence[tuple[float, float]], image: Sequence[int], maps: Sequence[int]
) -> Window:
    """The window of maps with these sides on an image, of the sight that `table` tells."""
    sides = [min(round(places), side) for (places, _), side in zip(sight, image)]
    return Window(tuple(image), tuple(maps), tuple(sides), tuple(apart for _, apart in sight))

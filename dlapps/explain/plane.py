"""The grid of points on which a function of the plane is drawn."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Plane:
    """A square grid around some points: [side * side, 2] in rows from the lowest y upward."""

    grid: np.ndarray
    side: int
    extent: tuple[float, float, float, float]

    def picture(self, values: np.ndarray) -> np.ndarray:
        """Values of the grid's points, [side * side, ...], as [side, side, ...] for imshow."""
        return values.reshape(self.side, self.side, *values.shape[1:])


def plane_around(points: np.ndarray, side: int) -> Plane:
    """The square plane that holds all points [points, 2] with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    half = 0.56 * max(float((high - low).max()), 1e-6)
    extent = tuple(float(x) for centre in middle for x in (centre - half, centre + half))
    x, y = np.meshgrid(
        np.linspace(extent[0], extent[1], side), np.linspace(extent[2], extent[3], side)
    )
    grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    return Plane(grid, side, extent)

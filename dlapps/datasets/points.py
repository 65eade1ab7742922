"""Two-class point sets in the plane, on which a learner sees what a decision boundary is."""

from collections.abc import Callable

import numpy as np

from dlapps.errors import UsageError

DEFAULT_NOISE = {"blobs": 0.6, "xor": 0.0, "rings": 0.2, "spirals": 0.1}
"""Standard deviation of the Gaussian noise on each coordinate, in the unit of the coordinates.

At these values blobs are linearly separable and no set's classes overlap.
"""

_SPIRAL_TURNS = 1.75


def _blobs(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns the two centres, (2, 2) and (-2, -2): noise alone spreads the points."""
    return np.where(labels == 0, 2.0, -2.0)[:, None] * np.ones(2)


def _xor(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns points of four squares; class 1 where exactly one coordinate is negative."""
    points = random.uniform(0.3, 5.0, (len(labels), 2))
    horizontal_sign = random.choice([-1.0, 1.0], len(labels))
    points[:, 0] *= horizontal_sign
    points[:, 1] *= np.where(labels == 1, -horizontal_sign, horizontal_sign)
    return points


def _rings(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns a disc of radius 2 (class 0) inside a ring of radii 3.5 to 5 (class 1)."""
    inner, outer = np.where(labels == 0, 0.0, 3.5), np.where(labels == 0, 2.0, 5.0)
    # The root spreads the points evenly over the area instead of crowding the centre.
    radius = np.sqrt(random.uniform(inner**2, outer**2))
    return _from_polar(radius, random.uniform(0.0, 2 * np.pi, len(labels)))


def _spirals(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns two arms of 1.75 turns, half a turn apart, from radius 0.5 to 5."""
    along = random.uniform(0.0, 1.0, len(labels))
    return _from_polar(0.5 + 4.5 * along, 2 * np.pi * _SPIRAL_TURNS * along + np.pi * labels)


def _from_polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


POINT_SETS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "blobs": _blobs,
    "xor": _xor,
    "rings": _rings,
    "spirals": _spirals,
}


def make_points(
    name: str, num_examples: int, noise: float | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Returns points float32 [N, 2], roughly within [-6, 6], and their classes int32 [N].

    The classes 0 and 1 are equally frequent (class 0 has one more where N is odd) and in random
    order. `noise` is in the unit of the coordinates and is DEFAULT_NOISE[name] where None.
    """
    if name not in POINT_SETS:
        raise UsageError(f"There is no point set {name!r}; there are {', '.join(POINT_SETS)}.")
    if num_examples < 2:
        raise UsageError(f"{name} needs at least 2 examples, one a class, not {num_examples}.")
    noise = DEFAULT_NOISE[name] if noise is None else noise
    if noise < 0:
        raise UsageError(f"The noise of {name} is a standard deviation and cannot be {noise}.")
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(num_examples) % 2)
    points = POINT_SETS[name](labels, random)
    points = points + noise * random.standard_normal(points.shape)
    return points.astype(np.float32), labels.astype(np.int32)

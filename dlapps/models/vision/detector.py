"""What networks that detect have in common: an image in; for each of many places how sure every
class is, and a box, out."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from keras import KerasTensor, ops

NOTHING = -1
"""Fills the labels of an image that has fewer objects than another."""


class Detector(Protocol):
    """A Keras model from images in [0, 1] to the raw outputs of A places, which `located` reads.

    It learns from {"boxes" [N, M, 4], "classes" [N, M]}: left, top, right and bottom in pixels, and
    classes, NOTHING where an image has fewer than M objects.
    """

    def __call__(self, images: KerasTensor, training: bool = False) -> dict[str, KerasTensor]: ...

    def located(self, outputs: Mapping[str, KerasTensor]) -> tuple[KerasTensor, KerasTensor]:
        """Boxes [N, A, 4] in pixels, and how sure each class is of them, as `sureness` says."""

    def sureness(self, outputs: Mapping[str, KerasTensor]) -> KerasTensor:
        """[N, A, C] from 0 to 1, each class for itself: by which boxes are chosen."""


def clipped(boxes: KerasTensor, height: int, width: int) -> KerasTensor:
    """The boxes [..., 4] without what lies outside of the image."""
    return ops.clip(boxes, 0.0, np.array([width, height, width, height], "float32"))


def mean_over(values: KerasTensor, weights: KerasTensor) -> KerasTensor:
    """The weighted mean of the values; 0 where all weights are."""
    total = ops.sum(weights)
    return ops.sum(values * weights) / ops.where(total > 0, total, 1.0)

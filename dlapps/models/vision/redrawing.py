"""What a classifier offers that can also draw an image from what it found in one."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import keras
import numpy as np
import tensorflow as tf

Redraw = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Redrawing(NamedTuple):
    """How images are drawn again. Images are float32 [N, H, W, C] in [0, 1]; labels, int [N], say
    as which class each is drawn."""

    reconstruct: Redraw
    """From images and labels to images."""
    perturb: Redraw
    """From images and labels to [N, D, S, H, W, C]: each of the D numbers that a class is drawn
    from moved by each of the S shifts, while the others are kept."""
    shifts: np.ndarray
    """float [S]."""


@runtime_checkable
class Redraws(Protocol):
    """A classifier of images that can draw them, too."""

    def redrawing(self) -> Redrawing | None:
        """How it draws; None if it was built without what it takes."""


def redrawing_of(model: keras.Model) -> Redrawing | None:
    """How a model draws what it saw; None for one that only answers."""
    return model.redrawing() if isinstance(model, Redraws) else None

"""The loss of DeepDream (Mordvintsev, Olah, Tyka 2015, "Inceptionism: going deeper into neural
networks"): the less, the more a network sees in a picture."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops


class DreamLoss(keras.losses.Loss):
    """Minus the logarithm of the mean square of maps, averaged over the layers that `features` has.

    Logarithms, so that no layer drowns another. Pictures are looked at in the `size` of an octave,
    (height, width), and moved around their borders by as many pixels as y_true, int [N, 2], says
    down and right: what a network sees does not stay bound to its strides.
    """

    names = ("dream_loss",)

    def __init__(
        self, features: Callable[[Any], Mapping[str, Any]], size: tuple[int, int], **options
    ):
        super().__init__(**options)
        self.features = features
        self.size = size

    def parts(self, y_true, y_pred):
        """The loss [N], by its name."""
        pictures = y_pred
        if tuple(pictures.shape[1:3]) != self.size:
            pictures = ops.image.resize(pictures, self.size, antialias=True)
        # All by the first one's: where pictures are dreamt of, there is one.
        moved = ops.roll(pictures, (y_true[0, 0], y_true[0, 1]), axis=(1, 2))
        seen = [
            ops.mean(ops.square(ops.cast(maps, "float32")), axis=(1, 2, 3))
            for maps in self.features(moved).values()
        ]
        return {"dream_loss": -sum(ops.log(each + 1e-6) for each in seen) / len(seen)}

    def call(self, y_true, y_pred):
        return self.parts(y_true, y_pred)["dream_loss"]

"""Schedules of the learning rate that Keras lacks."""

import dataclasses
import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
@dataclasses.dataclass
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """One rise to `peak` in `rise` updates and one longer fall (Smith, Topin 2017,
    "Super-convergence").

    Both are half cosines, as the paper's straight lines are drawn today; momentum stays as it is.
    """

    peak: float
    updates: int
    rise: int
    start: float
    end: float

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        fall = max(self.updates - self.rise, 1)
        rising = _half_cosine(self.start, self.peak, step / max(self.rise, 1))
        return ops.where(
            step < self.rise, rising, _half_cosine(self.peak, self.end, (step - self.rise) / fall)
        )

    def get_config(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@keras.saving.register_keras_serializable("dlapps")
@dataclasses.dataclass
class WarmupStableDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A linear rise from zero, a plateau, and a linear fall in the last `fall` of all updates
    (Hu et al. 2024, "MiniCPM"; the fall's form is Haegele et al. 2024's)."""

    peak: float
    updates: int
    rise: int
    fall: int
    end: float

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        risen = ops.minimum(step / max(self.rise, 1), 1.0) if self.rise else 1.0
        left = ops.clip((self.updates - step) / self.fall, 0.0, 1.0)
        return self.peak * risen - (self.peak - self.end) * (1.0 - left)

    def get_config(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def _half_cosine(first: float, last: float, share: Any) -> Any:
    """From `first` to `last` as `share` goes from 0 to 1; what is beyond stays there."""
    share = ops.clip(share, 0.0, 1.0)
    return last + (first - last) * 0.5 * (1.0 + ops.cos(math.pi * share))

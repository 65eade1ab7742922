"""A network whose pictures another network judges."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import keras
from keras import ops


class Objective(Protocol):
    """A loss that is a sum of parts."""

    names: Sequence[str]
    """What the parts are called."""

    def parts(self, y_true: Any, y_pred: Any) -> Mapping[str, Any]:
        """The summands [N], of pictures y_pred [N, H, W, 3] in [0, 1]."""


@keras.saving.register_keras_serializable("dlapps")
class PerceptualModel(keras.Model):
    """Gives pictures [N, H, W, 3] in [0, 1], and learns by an objective whose parts it reports.

    What the objective measures in is no part of the model: it is not saved, and does not learn.
    """

    def compile(self, optimizer="rmsprop", objective: Objective | None = None, **kwargs):
        """Takes the objective in place of a loss."""
        super().compile(optimizer=optimizer, **kwargs)
        self.objective = objective
        names = objective.names if objective else ()
        self.part_trackers = {name: keras.metrics.Mean(name) for name in names}

    @property
    def metrics(self):
        """The loss and its parts."""
        if not self.compiled:
            return []
        return [self._loss_tracker, *self.part_trackers.values()]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        assert self.objective is not None, "it was compiled with one"
        parts = self.objective.parts(y, y_pred)
        for name, values in parts.items():
            self.part_trackers[name].update_state(values)
        return ops.mean(sum(parts.values()))

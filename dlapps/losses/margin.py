"""The margin loss of capsules (Sabour, Frosst, Hinton 2017)."""

import keras
from keras import ops

from dlapps.losses.classification import as_shares


@keras.saving.register_keras_serializable("dlapps")
class MarginLoss(keras.losses.Loss):
    """Squares of what the true class's capsule is too short by, and what the others are too long.

    Labels are int [N], or shares of the classes float [N, C]; predictions the lengths [N, C] of the
    capsules. The true one should be at least `present` long, the others at most `absent`; their
    squares count `absent_weight`, so that learning does not begin by shrinking all capsules.
    """

    def __init__(
        self, present: float = 0.9, absent: float = 0.1, absent_weight: float = 0.5, **options
    ):
        super().__init__(**options)
        self.present = present
        self.absent = absent
        self.absent_weight = absent_weight

    def call(self, y_true, y_pred):
        is_true = as_shares(y_true, y_pred.shape[-1])
        short = ops.square(ops.relu(self.present - y_pred))
        long = ops.square(ops.relu(y_pred - self.absent))
        losses = is_true * short + self.absent_weight * (1.0 - is_true) * long
        return ops.sum(losses, axis=-1)

    def get_config(self):
        own = {
            "present": self.present,
            "absent": self.absent,
            "absent_weight": self.absent_weight,
        }
        return {**super().get_config(), **own}

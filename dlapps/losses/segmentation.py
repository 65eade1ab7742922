"""The loss of a segmentation: cross-entropy, and soft Dice (Milletari, Navab, Ahmadi 2016)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class SegmentationLoss(keras.losses.Loss):
    """The mean cross-entropy of an image's pixels, plus `dice_weight` times one minus its Dice.

    Truth is [N, H, W] class indices, the prediction [N, H, W, C] logits. Pixels whose truth is
    `void` count for nothing. The Dice of an image is the mean over the classes that occur in it
    of 2 sum(p t) / (sum(p^2) + sum(t^2)), with p the probability and t 0 or 1.
    """

    def __init__(self, dice_weight: float = 0.0, void: int = 255, **options):
        super().__init__(**options)
        self.dice_weight = dice_weight
        self.void = void

    def call(self, y_true, y_pred):
        classes = ops.cast(y_true, "int32")
        valid = ops.not_equal(classes, self.void)
        counts = ops.cast(valid, y_pred.dtype)
        classes = ops.where(valid, classes, 0)
        log_probabilities = ops.log_softmax(y_pred)
        target = ops.one_hot(classes, y_pred.shape[-1], dtype=y_pred.dtype) * counts[..., None]
        num_valid = ops.maximum(ops.sum(counts, axis=(1, 2)), 1.0)
        loss = -ops.sum(target * log_probabilities, axis=(1, 2, 3)) / num_valid
        if not self.dice_weight:
            return loss
        return loss + self.dice_weight * (1.0 - _dice(target, log_probabilities, counts))

    def get_config(self):
        return {**super().get_config(), "dice_weight": self.dice_weight, "void": self.void}


def _dice(target, log_probabilities, counts):
    """[N], the mean over the classes that occur; 1 for an image that is void everywhere."""
    probabilities = ops.exp(log_probabilities) * counts[..., None]
    pixels = (1, 2)
    common = ops.sum(probabilities * target, axis=pixels)
    both = ops.sum(probabilities**2, axis=pixels) + ops.sum(target, axis=pixels)
    occurs = ops.cast(ops.any(target > 0, axis=pixels), common.dtype)
    total = ops.sum(occurs * 2.0 * common / ops.maximum(both, 1e-6), axis=-1)
    num_classes = ops.sum(occurs, axis=-1)
    return ops.where(num_classes > 0, total / ops.maximum(num_classes, 1.0), 1.0)

"""The loss of a segmentation: cross-entropy that weighs classes (Badrinarayanan, Kendall,
Cipolla 2017) and hard pixels (Lin et al. 2017), and soft Dice (Milletari, Navab, Ahmadi 2016)."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class SegmentationLoss(keras.losses.Loss):
    """The mean cross-entropy of an image's pixels, plus `dice_weight` times one minus its Dice.

    Truth is [N, H, W] class indices, the prediction [N, H, W, C] logits. Pixels whose truth is
    `void` count for nothing. The Dice of an image is the mean over the classes that occur in it
    of 2 sum(p t) / (sum(p^2) + sum(t^2)), with p the probability and t 0 or 1.

    A pixel's cross-entropy counts as often as the weight of its true class says, of
    `class_weights` [C], and (1 - p)^focal_gamma times, with p the probability of that class. The
    mean is still that over all valid pixels. Where a `sample_weight` [N, H, W] is given, such as
    `border_weights`, a pixel counts `border_weight` times that more often.
    """

    def __init__(
        self,
        dice_weight: float = 0.0,
        void: int = 255,
        class_weights: Sequence[float] | None = None,
        focal_gamma: float = 0.0,
        border_weight: float = 0.0,
        **options,
    ):
        super().__init__(**options)
        self.dice_weight = dice_weight
        self.void = void
        self.class_weights = class_weights
        self.focal_gamma = focal_gamma
        self.border_weight = border_weight

    def __call__(self, y_true, y_pred, sample_weight=None):
        if sample_weight is not None:
            # Keras weighs whole images; those of pixels have to go where pixels are summed.
            parts = (ops.cast(each, "float32") for each in (y_true, sample_weight))
            y_true = ops.stack([*parts], axis=-1)
        return super().__call__(y_true, y_pred)

    def call(self, y_true, y_pred):
        borders = None
        if len(y_true.shape) == 4:
            y_true, borders = y_true[..., 0], y_true[..., 1:]
        classes = ops.cast(y_true, "int32")
        valid = ops.not_equal(classes, self.void)
        counts = ops.cast(valid, y_pred.dtype)
        classes = ops.where(valid, classes, 0)
        log_probabilities = ops.log_softmax(y_pred)
        target = ops.one_hot(classes, y_pred.shape[-1], dtype=y_pred.dtype) * counts[..., None]
        num_valid = ops.maximum(ops.sum(counts, axis=(1, 2)), 1.0)
        crossentropy = -target * log_probabilities
        weights = 1.0
        if self.class_weights is not None:
            weights = ops.cast(self.class_weights, y_pred.dtype)
        if borders is not None:
            weights += self.border_weight * ops.cast(borders, y_pred.dtype)
        crossentropy *= weights
        if self.focal_gamma:
            # Of a pixel that is answered as well as can be, the root's slope would be infinite.
            wrong = ops.maximum(1.0 - ops.exp(log_probabilities), 1e-6)
            crossentropy *= wrong**self.focal_gamma
        loss = ops.sum(crossentropy, axis=(1, 2, 3)) / num_valid
        if not self.dice_weight:
            return loss
        return loss + self.dice_weight * (1.0 - _dice(target, log_probabilities, counts))

    def get_config(self):
        return {
            **super().get_config(),
            "dice_weight": self.dice_weight,
            "void": self.void,
            "class_weights": self.class_weights,
            "focal_gamma": self.focal_gamma,
            "border_weight": self.border_weight,
        }


def median_frequency_weights(masks: np.ndarray, num_classes: int) -> np.ndarray:
    """[C], by which rare classes count as much as others (Eigen, Fergus 2015, and SegNet).

    masks: class indices [N, H, W]. A class's frequency is its share of the valid pixels of the
    images in which it occurs; its weight is the median of all frequencies by its own, and 0 where
    it occurs nowhere.
    """
    pixels, of_images = np.zeros(num_classes), np.zeros(num_classes)
    for mask in masks:
        counts = np.bincount(mask.ravel(), minlength=num_classes)[:num_classes]
        pixels += counts
        of_images += np.where(counts > 0, counts.sum(), 0)
    occurs = pixels > 0
    frequencies = pixels[occurs] / of_images[occurs]
    weights = np.zeros(num_classes)
    if frequencies.size:
        weights[occurs] = np.median(frequencies) / frequencies
    return weights


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

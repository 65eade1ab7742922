"""The report of a segmentation: overlap of each class (Jaccard 1912, Dice 1945) and accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def pixel_confusion(truth: ArrayLike, predicted: ArrayLike, num_classes: int) -> np.ndarray:
    """Counts of pixels, int64 [C, C]: rows are true classes, columns predicted ones.

    Pixels whose truth is no class (void) are left out. Raises ValueError where the shapes differ
    or a prediction is no class.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.shape != predicted.shape:
        raise ValueError(f"Masks of shape {truth.shape} do not fit those of {predicted.shape}.")
    counted = (truth >= 0) & (truth < num_classes)
    truth, predicted = truth[counted].astype(np.int64), predicted[counted].astype(np.int64)
    if predicted.size and not 0 <= predicted.min() <= predicted.max() < num_classes:
        raise ValueError(f"There is a predicted class outside the {num_classes} classes.")
    counts = np.bincount(truth * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def segmentation_report(confusion: np.ndarray, class_names: Sequence[str]) -> dict[str, Any]:
    """The measures of a confusion matrix of pixels, in plain Python numbers.

    Keys: mean_iou and mean_dice (over the classes that occur in truth or prediction),
    pixel_accuracy, per_class (name -> iou, dice, precision, recall, share of the true pixels; 0
    where undefined) and confusion_matrix. IoU is intersection by union, Dice twice the
    intersection by the sum of the two areas, both over the pixels of all images together.
    """
    right = np.diag(confusion).astype(float)
    true, predicted = confusion.sum(axis=1).astype(float), confusion.sum(axis=0).astype(float)
    occurs = true + predicted > 0
    iou = _ratio(right, true + predicted - right)
    dice = _ratio(2 * right, true + predicted)
    columns = {
        "iou": iou,
        "dice": dice,
        "precision": _ratio(right, predicted),
        "recall": _ratio(right, true),
        "share": _ratio(true, np.full_like(true, true.sum())),
    }
    return {
        "mean_iou": float(iou[occurs].mean()) if occurs.any() else 0.0,
        "mean_dice": float(dice[occurs].mean()) if occurs.any() else 0.0,
        "pixel_accuracy": float(right.sum() / max(true.sum(), 1)),
        "per_class": {
            name: {key: float(column[index]) for key, column in columns.items()}
            for index, name in enumerate(class_names)
        },
        "confusion_matrix": confusion.tolist(),
    }


def soft_dice(truth: ArrayLike, probabilities: ArrayLike) -> np.ndarray:
    """[N], each image's Dice of probabilities, the mean over the classes that occur in its truth.

    truth: class indices [N, H, W]; probabilities [N, H, W, C]. A class's is
    2 sum(p t) / (sum(p^2) + sum(t^2)) with t 0 or 1: one minus what SegmentationLoss adds. Void
    pixels are left out; an image that is void everywhere has 1.
    """
    classes, given = np.asarray(truth), np.asarray(probabilities, np.float64)
    target = classes[..., None] == np.arange(given.shape[-1])
    counted = given * target.any(axis=-1, keepdims=True)
    common = np.sum(counted * target, axis=(1, 2))
    both = np.sum(counted**2, axis=(1, 2)) + np.sum(target, axis=(1, 2))
    occurs = target.any(axis=(1, 2))
    total = np.sum(_ratio(2 * common, both), axis=-1, where=occurs)
    num_classes = np.sum(occurs, axis=-1)
    return np.where(num_classes > 0, total / np.maximum(num_classes, 1), 1.0)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)

"""How well the boundaries of a segmentation lie (Csurka, Larlus, Perronnin 2013, "What is a good
evaluation measure for semantic segmentation?")."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import distance_transform_edt

NO_CLASS = -1


def boundary_f1(
    truth: ArrayLike, predicted: ArrayLike, num_classes: int, tolerance: float = 0.0075
) -> np.ndarray:
    """[N, C], how well the boundaries of each class agree, image by image, from 0 to 1.

    truth, predicted: class indices [N, H, W]. That is the F1 of two shares: of the predicted
    boundary that has a true one within `tolerance` times the image's diagonal, and of the true one
    that has a predicted one so near. NaN where neither has a boundary. Pixels whose truth is no
    class (void) are left out, and make no boundary with their neighbours.
    """
    truth, predicted = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    scores = np.full((len(truth), num_classes), np.nan)
    for row, true, answer in zip(scores, truth, predicted, strict=True):
        valid = (true >= 0) & (true < num_classes)
        margin = tolerance * np.hypot(*true.shape)
        true_edges, answer_edges = (
            _edges(np.where(valid, mask, NO_CLASS)) for mask in (true, answer)
        )
        for index in np.intersect1d(np.union1d(true, answer), np.arange(num_classes)):
            row[index] = _f1(true_edges & (true == index), answer_edges & (answer == index), margin)
    return scores


def boundary_report(scores: np.ndarray, class_names: Sequence[str]) -> dict[str, Any]:
    """What `boundary_f1` says of images, in plain Python numbers.

    Keys: boundary_f1, the mean over images of the mean over the classes with a boundary there; and
    per_class, each class's mean over the images where it has one; 0 where there is none.
    """
    of_all = _mean(_mean(scores, axis=1), axis=0)
    of_classes = np.nan_to_num(_mean(scores, axis=0))
    return {
        "boundary_f1": float(np.nan_to_num(of_all)),
        "per_class": dict(zip(class_names, of_classes.tolist(), strict=True)),
    }


def _edges(mask: np.ndarray) -> np.ndarray:
    """Where a pixel of a class has one of another class above, below, left or right of it."""
    edges = np.zeros(mask.shape, bool)
    for first, second in (
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:, :-1], np.s_[:, 1:]),
    ):
        a, b = mask[first], mask[second]
        differs = (a != b) & (a != NO_CLASS) & (b != NO_CLASS)
        edges[first] |= differs
        edges[second] |= differs
    return edges


def _f1(truth: np.ndarray, predicted: np.ndarray, margin: float) -> float:
    if not truth.any() or not predicted.any():
        return 0.0 if truth.any() or predicted.any() else np.nan
    precision = np.mean(distance_transform_edt(~truth)[predicted] <= margin)
    recall = np.mean(distance_transform_edt(~predicted)[truth] <= margin)
    return 2 * precision * recall / max(precision + recall, 1e-12)


def _mean(scores: np.ndarray, axis: int) -> np.ndarray:
    """The mean of those that are numbers; NaN where there is none."""
    counts = np.isfinite(scores).sum(axis=axis)
    total = np.nansum(scores, axis=axis)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)

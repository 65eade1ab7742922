"""Confident learning (Northcutt, Jiang, Chuang 2021, "Confident learning: estimating uncertainty in
dataset labels"): which labels are probably wrong, by a model that saw none of them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlapps.metrics.predictions import checked_predictions

TOLERANCE = 1e-6
"""By which a probability may miss a threshold that is the mean of others like it."""
NOT_SURE = -1


class Confidence(NamedTuple):
    """What probabilities say of given labels."""

    thresholds: np.ndarray
    """[C]: from which probability on an example counts as one of the class; infinite where no
    example has the label."""
    likelier: np.ndarray
    """int [N]: the class that each example confidently is; -1 where it is none."""
    joint: np.ndarray
    """int [C, C]: how many examples of a given label (row) confidently are of a class (column)."""
    is_off_diagonal: np.ndarray
    """bool [N]: which examples confidently are of another class than the given, which is not the
    likeliest either."""
    suspects: np.ndarray
    """int [S]: of each given class as many examples as are off the diagonal, those of whose label
    the model is the least confident (the paper's prune by class); the worst first."""


def confident_learning(labels: ArrayLike, probabilities: ArrayLike) -> Confidence:
    """What probabilities [N, C] say of the labels [N]; raises ValueError for bad input.

    The threshold of a class is the mean probability of it where it is the label. Of several classes
    above their thresholds the likeliest counts.
    """
    labels, probabilities = checked_predictions(labels, probabilities)
    num_classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=num_classes)
    self_confidence = probabilities[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=self_confidence, minlength=num_classes)
    thresholds = np.full(num_classes, np.inf)
    np.divide(sums, counts, out=thresholds, where=counts > 0)
    confident = probabilities >= thresholds - TOLERANCE
    best = np.where(confident, probabilities, -1).argmax(axis=1)
    likelier = np.where(confident.any(axis=1), best, NOT_SURE)
    joint = np.zeros((num_classes, num_classes), np.int64)
    is_sure = likelier != NOT_SURE
    np.add.at(joint, (labels[is_sure], likelier[is_sure]), 1)
    is_mistaken = self_confidence < probabilities.max(axis=1)
    is_off_diagonal = is_sure & (likelier != labels) & is_mistaken
    order = np.argsort(self_confidence, kind="stable")
    suspects = [
        of_class[: np.sum(is_off_diagonal[of_class])]
        for of_class in (order[labels[order] == label] for label in range(num_classes))
    ]
    is_suspect = np.isin(order, np.concatenate(suspects))
    return Confidence(thresholds, likelier, joint, is_off_diagonal, order[is_suspect])

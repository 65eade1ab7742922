"""What a classifier learns from: labelled images or points, the rare classes as often as wanted."""

from typing import Literal

import numpy as np

from dlapps.applications.classification.augmentation import ClassifierAugmentation
from dlapps.data.batches import in_order
from dlapps.data.images.labelled import LabelledData
from dlapps.data.splits import Examples

READ_AT_ONCE = 512


class ClassificationData(LabelledData):
    """Which labelled data to learn from, how they are varied, and what rare classes count."""

    augmentation: ClassifierAugmentation = ClassifierAugmentation()
    balance: Literal["none", "weights", "resampling"] = "none"
    """What is done where classes differ in size: weights counts examples of a rare class more,
    resampling shows them more often; either way each class counts alike in training."""


def labels_of(examples: Examples) -> np.ndarray:
    """int [N]: the labels of all examples, which are read for them where they are on the disk."""
    if "label" in examples.columns:
        return examples.columns["label"]
    batches = in_order(examples, READ_AT_ONCE, lambda columns: columns["label"])
    return np.concatenate([labels.numpy() for labels in batches])


def class_weights(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """float32 [C]: what an example of each class counts, on average over all examples 1."""
    counts = np.bincount(labels, minlength=num_classes)
    return (len(labels) / (num_classes * np.maximum(counts, 1))).astype(np.float32)


def balanced_rows(labels: np.ndarray) -> np.ndarray:
    """int64 [classes x the largest class]: rows of the examples, of each class as many.

    Those of smaller classes come round again, each about as often as the others of its class.
    """
    rows_of = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    largest = max(len(rows) for rows in rows_of)
    return np.concatenate([np.resize(rows, largest) for rows in rows_of])

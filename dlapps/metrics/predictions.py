"""What a metric of class probabilities takes, and the refusal of anything else."""

import numpy as np
from numpy.typing import ArrayLike


def checked_predictions(
    labels: ArrayLike, probabilities: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Labels [N] as integers and probabilities [N, C] as float64.

    Raises ValueError that names what is wrong: shapes that disagree, no examples, labels that
    are no class index, rows that are no probability distribution.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or probabilities.ndim != 2 or len(labels) != len(probabilities):
        raise ValueError(
            f"Labels of shape {labels.shape} do not fit probabilities of shape "
            f"{probabilities.shape}; expected [N] and [N, C]."
        )
    if len(labels) == 0:
        raise ValueError("There are no examples to score.")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"Labels must be integers, not {labels.dtype}.")
    num_classes = probabilities.shape[1]
    outside = (labels < 0) | (labels >= num_classes)
    if np.any(outside):
        raise ValueError(
            f"Label {labels[outside][0]} is out of range: there are {num_classes} classes, "
            f"counted from 0."
        )
    checked_distributions(probabilities)
    return labels, probabilities


def checked_distributions(probabilities: np.ndarray) -> np.ndarray:
    """The rows [N, C] themselves; raises ValueError for one that is no distribution."""
    in_range = np.all((probabilities >= 0) & (probabilities <= 1), axis=1)  # false for NaN
    if not np.all(in_range):
        row = np.argmin(in_range)
        raise ValueError(f"Row {row} of the probabilities has values outside [0, 1] or NaN.")
    sums = probabilities.sum(axis=1)
    error = np.abs(sums - 1)
    # A softmax in float32 stays far below this; logits do not.
    if error.max() > 1e-3:
        row = error.argmax()
        raise ValueError(f"Row {row} of the probabilities sums to {sums[row]:.6g}, not to 1.")
    return probabilities

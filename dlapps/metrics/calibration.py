"""Expected calibration error (Guo, Pleiss, Sun and Weinberger, 2017)."""

import numpy as np
from numpy.typing import ArrayLike

from dlapps.metrics.predictions import checked_predictions


def expected_calibration_error(
    labels: ArrayLike, probabilities: ArrayLike, num_bins: int = 15
) -> float:
    """The mean gap between confidence and accuracy, 0 (honest) to 1.

    Labels are class indices [N], probabilities are [N, C]. Confidence is the probability of the
    predicted class. The bins are equally wide and closed on the right, as in the paper.
    Raises ValueError for what is no prediction.
    """
    labels, probabilities = checked_predictions(labels, probabilities)
    if num_bins < 1:
        raise ValueError(f"num_bins must be at least 1, not {num_bins}.")
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    inner_edges = np.linspace(0, 1, num_bins + 1)[1:-1]
    bins = np.digitize(confidence, inner_edges, right=True)
    # |accuracy - confidence| of a bin, weighted with its share of the examples, is |sum| / N.
    gaps = np.bincount(bins, weights=correct - confidence, minlength=num_bins)
    return float(np.abs(gaps).sum() / len(labels))

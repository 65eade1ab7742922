"""How far a classifier's confidence is from how often it is right (Guo, Pleiss, Sun and Weinberger,
2017, "On calibration of modern neural networks")."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlapps.metrics.predictions import checked_predictions

NUM_BINS = 15


class Reliability(NamedTuple):
    """What is said and what is true in each of B equally wide bins of confidence."""

    confidence: np.ndarray
    """[B], the mean probability of the predicted class; NaN where a bin is empty."""
    accuracy: np.ndarray
    """[B], the share of right answers; NaN where a bin is empty."""
    counts: np.ndarray
    """[B], the examples."""

    @property
    def expected_calibration_error(self) -> float:
        """The mean gap between confidence and accuracy, 0 (honest) to 1, over the examples."""
        gaps = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        return float(np.sum(self.counts * gaps) / self.counts.sum())


def reliability(
    labels: ArrayLike, probabilities: ArrayLike, num_bins: int = NUM_BINS
) -> Reliability:
    """The reliability of class probabilities [N, C] against labels [N].

    Confidence is the probability of the predicted class. The bins are closed on the right, as in
    the paper. Raises ValueError for what is no prediction.
    """
    labels, probabilities = checked_predictions(labels, probabilities)
    if num_bins < 1:
        raise ValueError(f"num_bins must be at least 1, not {num_bins}.")
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    inner_edges = np.linspace(0, 1, num_bins + 1)[1:-1]
    bins = np.digitize(confidence, inner_edges, right=True)
    counts = np.bincount(bins, minlength=num_bins)

    def mean_of(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(bins, weights=values, minlength=num_bins)
        return np.divide(sums, counts, out=np.full(num_bins, np.nan), where=counts > 0)

    return Reliability(mean_of(confidence), mean_of(correct), counts)


def expected_calibration_error(
    labels: ArrayLike, probabilities: ArrayLike, num_bins: int = NUM_BINS
) -> float:
    """The mean gap between confidence and accuracy, 0 (honest) to 1, as `reliability` takes it."""
    return reliability(labels, probabilities, num_bins).expected_calibration_error

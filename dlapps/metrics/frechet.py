"""The Frechet distance between two sets of features (Heusel, Ramsauer, Unterthiner, Nessler,
Hochreiter 2017, "GANs trained by a two time-scale update rule converge to a local Nash
equilibrium")."""

from collections.abc import Callable, Iterable

import numpy as np


def frechet_report(
    features: Callable[[np.ndarray], np.ndarray],
    generated: Iterable[np.ndarray],
    training: Iterable[np.ndarray],
    held_out: Iterable[np.ndarray],
) -> dict[str, float]:
    """The distance of generated images to held-out ones, and for scale that of training images.

    Each argument gives batches of images; `features` takes a batch to features [N, F].
    """
    of_generated, of_training, of_held_out = (
        np.concatenate([features(images) for images in batches])
        for batches in (generated, training, held_out)
    )
    return {
        "frechet_distance": frechet_distance(of_generated, of_held_out),
        "frechet_distance_of_training_images": frechet_distance(of_training, of_held_out),
    }


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The squared distance between the normal distributions fitted to features [N, F] and [M, F].

    0 for the same set, and biased upwards for small ones: compare distances of equal N only.
    Raises ValueError for features that do not fit each other, or fewer than two of them.
    """
    first, second = (np.asarray(features, np.float64) for features in (first, second))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"Features {first.shape} and {second.shape} are not [N, F] and [M, F].")
    if min(len(first), len(second)) < 2:
        raise ValueError("A covariance needs at least two examples on either side.")
    of_first, of_second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (first, second))
    root = _square_root(of_first)
    # The trace of the root of a product, by a symmetric matrix of the same eigenvalues.
    shared = np.linalg.eigvalsh(root @ of_second @ root).clip(min=0)
    means = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2)
    distance = means + np.trace(of_first) + np.trace(of_second) - 2 * np.sqrt(shared).sum()
    return float(max(distance, 0.0))


def _square_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T

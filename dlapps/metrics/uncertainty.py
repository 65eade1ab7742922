"""How unsure a classifier is, and how much of that is because its members disagree."""

import numpy as np
from numpy.typing import ArrayLike

from dlapps.metrics.predictions import checked_distributions


def predictive_entropy(probabilities: ArrayLike) -> np.ndarray:
    """[N], the entropy in nats of the mean over T members: all that is uncertain of an answer.

    Probabilities are [T, N, C], of T members or samples. It is between 0, where all members are
    sure of the same class, and log C. Raises ValueError for what is no distribution.
    """
    return _entropy(_checked(probabilities).mean(axis=0))


def mutual_information(probabilities: ArrayLike) -> np.ndarray:
    """[N], between answer and member, in nats: what the T members [T, N, C] disagree about.

    It is the predictive entropy less the members' mean entropy (Houlsby, Huszár, Ghahramani,
    Lengyel 2011, "Bayesian active learning for classification and preference learning"): 0 where
    they all say the same, however unsure. Raises ValueError for what is no distribution.
    """
    given = _checked(probabilities)
    # By Jensen's inequality it is never below 0; rounded, it may be.
    return np.maximum(_entropy(given.mean(axis=0)) - _entropy(given).mean(axis=0), 0)


def disagreement_report(
    labels: ArrayLike,
    probabilities: ArrayLike,
    predictive_entropy: ArrayLike,
    mutual_information: ArrayLike,
) -> dict[str, float]:
    """What the members' disagreement [N] tells of the answers, in plain numbers, all in nats.

    Keys: mean_predictive_entropy, mean_mutual_information, and its means over the right and over
    the wrong answers, left out where there are none. `probabilities` [N, C] are the members' mean.
    """
    is_right = np.argmax(probabilities, axis=1) == np.asarray(labels)
    entropy, information = (
        np.asarray(values, dtype=np.float64) for values in (predictive_entropy, mutual_information)
    )
    report = {
        "mean_predictive_entropy": float(entropy.mean()),
        "mean_mutual_information": float(information.mean()),
    }
    for name, chosen in (("right", is_right), ("wrong", ~is_right)):
        if chosen.any():
            report[f"mutual_information_of_{name}"] = float(information[chosen].mean())
    return report


def _checked(probabilities: ArrayLike) -> np.ndarray:
    given = np.asarray(probabilities, dtype=np.float64)
    if given.ndim != 3 or given.size == 0:
        raise ValueError(f"Probabilities of members are [T, N, C], not {given.shape}.")
    checked_distributions(given.reshape(-1, given.shape[-1]))
    return given


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    logs = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    return -np.sum(probabilities * logs, axis=-1)

"""How far a mean over a few seeds can be trusted."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
FEWEST_FOR_BOOTSTRAP = 10
NUM_RESAMPLES = 9999

Seed = TypeVar("Seed")


class Estimate(NamedTuple):
    """A mean with what is known of its error."""

    mean: float
    standard_deviation: float | None
    """Of the values, with n - 1 in the denominator; None of a single one."""
    interval: tuple[float, float] | None
    """That holds the true mean in 95 of 100 such experiments; None of a single value, and of values
    that are all alike, which do not tell how far others would be."""
    method: str
    """`BCa bootstrap` (Efron 1987), `t` (Student 1908), `one seed` or `all alike`."""


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of values that were measured independently, one a seed.

    From ten values on the interval is bootstrapped, bias-corrected and accelerated; it assumes
    nothing of how they are distributed, and of ten is still a little narrow. Of fewer it is
    Student's, which assumes that they are normally distributed.
    """
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean, None, None, "one seed")
    if min(values) == max(values):
        return Estimate(float(values[0]), 0.0, None, "all alike")
    deviation = float(np.std(values, ddof=1))
    bootstraps = len(values) >= FEWEST_FOR_BOOTSTRAP
    method = "BCa bootstrap" if bootstraps else "t"
    if bootstraps:
        found = stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=NUM_RESAMPLES,
            confidence_level=CONFIDENCE,
            method="BCa",
            rng=np.random.default_rng(0),
        ).confidence_interval
    else:
        error = deviation / np.sqrt(len(values))
        found = stats.t.interval(CONFIDENCE, len(values) - 1, loc=mean, scale=error)
    return Estimate(mean, deviation, (float(found[0]), float(found[1])), method)


def paired_difference(
    values: Mapping[Seed, float], baseline: Mapping[Seed, float]
) -> Estimate | None:
    """Of `values` less `baseline`, seed by seed; None where they share no seed.

    What a seed does to both alike, such as the order of the data, is not counted as chance.
    """
    differences = [value - baseline[seed] for seed, value in values.items() if seed in baseline]
    return estimate(differences) if differences else None

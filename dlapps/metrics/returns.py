"""The returns of an agent's episodes, with an interval around their mean."""

import numpy as np

NUM_RESAMPLES = 10_000


def return_report(returns: np.ndarray, lengths: np.ndarray) -> dict[str, float | int]:
    """The mean return and its 95 % interval, spread, extremes, and the mean length in steps.

    returns, lengths: one number for each episode. The interval is the bootstrap's (percentiles
    of the means of resampled episodes): over episodes of this one agent, not over trainings.
    """
    random = np.random.default_rng(0)
    resamples = random.integers(0, len(returns), (NUM_RESAMPLES, len(returns)))
    low, high = np.percentile(returns[resamples].mean(axis=1), [2.5, 97.5])
    return {
        "mean_return": float(returns.mean()),
        "mean_return_low": float(low),
        "mean_return_high": float(high),
        "standard_deviation": float(returns.std()),
        "lowest_return": float(returns.min()),
        "highest_return": float(returns.max()),
        "mean_length": float(lengths.mean()),
        "episodes": len(returns),
    }

"""Means over seeds come with the intervals that scipy finds for them."""

import numpy as np
import pytest
from scipy import stats

from dlapps.metrics.intervals import estimate, paired_difference

ACCURACIES = (0.9926, 0.9934, 0.9925, 0.9931)
RETURNS = (476, 498, 494, 500, 500, 431, 488, 500, 500, 470, 499, 500)


def test_few_values_have_students_interval():
    found = estimate(ACCURACIES)
    expected = stats.ttest_1samp(ACCURACIES, 0).confidence_interval(0.95)
    assert found.method == "t"
    assert found.mean == pytest.approx(np.mean(ACCURACIES))
    assert found.standard_deviation == pytest.approx(stats.tstd(ACCURACIES))
    np.testing.assert_allclose(found.interval, (expected.low, expected.high))


def test_ten_values_are_bootstrapped():
    found = estimate(RETURNS)
    expected = stats.bootstrap(
        (RETURNS,), np.mean, n_resamples=9999, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    assert found.method == "BCa bootstrap"
    np.testing.assert_allclose(found.interval, (expected.low, expected.high))
    below, above = found.mean - found.interval[0], found.interval[1] - found.mean
    assert below > above > 0, "the returns end at 500"
    assert estimate(RETURNS).interval == found.interval, "the same each time"


def test_one_value_tells_nothing_of_others():
    assert estimate([0.5]) == (0.5, None, None, "one seed")


@pytest.mark.parametrize("count", [2, 10])
def test_values_that_are_alike_have_no_interval(count):
    # Their mean, as floats are added, is another value.
    assert estimate([0.97] * count) == (0.97, 0.0, None, "all alike")


def test_a_difference_is_paired_by_seed():
    """What both gain by a seed cancels: the interval is far narrower than either's own."""
    baseline = {0: 0.90, 1: 0.94, 2: 0.98, 7: 0.5}
    values = {2: 0.991, 1: 0.949, 0: 0.91, 3: 0.0}
    found = paired_difference(values, baseline)
    shared = (0, 1, 2)
    expected = stats.ttest_rel(
        [values[seed] for seed in shared], [baseline[seed] for seed in shared]
    ).confidence_interval(0.95)
    assert found.mean == pytest.approx(0.01)
    np.testing.assert_allclose(found.interval, (expected.low, expected.high))
    own = estimate([values[seed] for seed in shared]).interval
    assert found.interval[1] - found.interval[0] < 0.1 * (own[1] - own[0])


def test_without_a_shared_seed_there_is_no_difference():
    assert paired_difference({0: 1.0}, {1: 1.0}) is None

"""The report on returns, with an interval that covers the mean it should."""

import numpy as np
import pytest

from dlapps.metrics.returns import return_report


def test_the_report_is_of_these_episodes():
    report = return_report(np.array([1.0, 2.0, 6.0]), np.array([10, 20, 30]))
    assert report["mean_return"] == 3
    assert (report["lowest_return"], report["highest_return"]) == (1, 6)
    assert report["mean_length"] == 20
    assert report["episodes"] == 3
    assert report["standard_deviation"] == pytest.approx(np.std([1, 2, 6]))
    assert 1 <= report["mean_return_low"] < 3 < report["mean_return_high"] <= 6


def test_the_interval_is_that_of_a_normal_mean():
    returns = np.random.default_rng(0).normal(100, 10, 400)
    report = return_report(returns, np.ones(400))
    low, high = report["mean_return_low"], report["mean_return_high"]
    assert high - low == pytest.approx(2 * 1.96 * 10 / 20, rel=0.1)


def test_equal_returns_leave_no_doubt():
    report = return_report(np.full(5, 500.0), np.full(5, 500))
    assert report["mean_return_low"] == report["mean_return_high"] == 500

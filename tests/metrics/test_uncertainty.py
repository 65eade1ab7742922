"""Entropy is all that is uncertain; mutual information is what members disagree about."""

import numpy as np
import pytest

from dlapps.metrics.uncertainty import (
    disagreement_report,
    mutual_information,
    predictive_entropy,
)

SURE, OTHER, UNSURE = [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]


def test_members_that_agree_leave_no_information_however_unsure():
    alike = np.array([[UNSURE, SURE]] * 3)
    np.testing.assert_allclose(predictive_entropy(alike), [np.log(2), 0])
    np.testing.assert_allclose(mutual_information(alike), [0, 0])


def test_members_that_are_sure_of_different_classes_disagree_by_all_there_is():
    apart = np.array([[SURE], [OTHER]])
    np.testing.assert_allclose(predictive_entropy(apart), [np.log(2)])
    np.testing.assert_allclose(mutual_information(apart), [np.log(2)])


def test_information_is_the_mean_divergence_from_the_mean():
    given = np.random.default_rng(0).dirichlet(np.ones(5), (7, 20))
    mean = given.mean(axis=0)
    divergence = np.sum(given * np.log(given / mean), axis=-1).mean(axis=0)
    np.testing.assert_allclose(mutual_information(given), divergence)
    assert np.all(mutual_information(given) < predictive_entropy(given))


@pytest.mark.parametrize(
    ("given", "named"),
    [([SURE, OTHER], r"\(2, 2\)"), (np.zeros((0, 3, 2)), r"\[T, N, C\]"), ([[[2.0, 0]]], "Row 0")],
)
def test_what_is_no_distribution_is_refused(given, named):
    for measure in (predictive_entropy, mutual_information):
        with pytest.raises(ValueError, match=named):
            measure(given)


def test_the_report_tells_right_answers_from_wrong_ones():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    report = disagreement_report([0, 0, 1], probabilities, [0.1, 0.2, 0.6], [0.0, 0.1, 0.5])
    assert report == pytest.approx(
        {
            "mean_predictive_entropy": 0.3,
            "mean_mutual_information": 0.2,
            "mutual_information_of_right": 0.05,
            "mutual_information_of_wrong": 0.5,
        }
    )
    assert "mutual_information_of_wrong" not in disagreement_report(
        [0], probabilities[:1], [0.1], [0.0]
    )

"""Confident learning finds labels that were made wrong, and the same ones as cleanlab."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from dlapps.metrics.confident_learning import NOT_SURE, confident_learning


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of which a tenth are wrong, out-of-fold probabilities, and which are wrong."""
    x, y = load_digits(return_X_y=True)
    random = np.random.RandomState(0)
    is_wrong = random.uniform(size=len(y)) < 0.1
    labels = np.where(is_wrong, (y + random.randint(1, 10, len(y))) % 10, y)
    model = LogisticRegression(max_iter=200)
    probabilities = cross_val_predict(model, x / 16, labels, cv=3, method="predict_proba")
    return labels, probabilities, is_wrong


def test_a_case_done_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.4, 0.6], [1, 0]])
    found = confident_learning(labels, probabilities)
    np.testing.assert_allclose(found.thresholds, [0.6, 1.4 / 3])
    assert found.likelier.tolist() == [0, 0, 1, 1, 1, 0]
    assert found.joint.tolist() == [[2, 1], [1, 2]]
    assert np.flatnonzero(found.is_off_diagonal).tolist() == [2, 5]
    assert found.suspects.tolist() == [5, 2]


def test_of_each_class_the_least_confident_are_suspect():
    """Two of class 0 are confidently of others, but a third is less sure of its label."""
    labels = [0, 0, 0, 0, 1, 1, 2, 2]
    probabilities = [
        [0.9, 0.1, 0], [0.15, 0.8, 0.05], [0.2, 0, 0.8], [0.1, 0.45, 0.45],
        [0, 0.7, 0.3], [0.3, 0.7, 0], [0, 0.3, 0.7], [0.3, 0, 0.7],
    ]  # fmt: skip
    found = confident_learning(labels, probabilities)
    assert np.flatnonzero(found.is_off_diagonal).tolist() == [1, 2]
    assert found.suspects.tolist() == [3, 1]


def test_it_finds_the_labels_that_were_made_wrong(digits):
    labels, probabilities, is_wrong = digits
    found = confident_learning(labels, probabilities)
    assert np.mean(is_wrong[found.suspects]) > 0.8
    assert np.sum(is_wrong[found.suspects]) > 0.6 * np.sum(is_wrong)
    assert np.mean(is_wrong[found.suspects[:50]]) > 0.95


def test_it_agrees_with_cleanlab(digits):
    pytest.importorskip("cleanlab")
    from cleanlab.count import compute_confident_joint, get_confident_thresholds
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_self_confidence_for_each_label

    labels, probabilities, _ = digits
    found = confident_learning(labels, probabilities)
    np.testing.assert_allclose(found.thresholds, get_confident_thresholds(labels, probabilities))
    joint = compute_confident_joint(labels, probabilities, calibrate=False)
    assert found.joint.tolist() == joint.tolist()
    issues = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    assert found.is_off_diagonal.tolist() == issues.tolist()
    scores = get_self_confidence_for_each_label(labels, probabilities)
    assert np.all(np.diff(scores[found.suspects]) >= 0)
    assert np.bincount(labels[found.suspects]).tolist() == np.bincount(labels[issues]).tolist()


def test_a_class_without_examples_is_never_likelier():
    found = confident_learning([0, 0], [[0.2, 0.1, 0.7], [0.9, 0.05, 0.05]])
    assert found.likelier.tolist() == [NOT_SURE, 0]
    assert found.thresholds[1:].tolist() == [np.inf, np.inf]
    assert found.suspects.tolist() == []


def test_what_the_model_itself_finds_likeliest_is_no_suspect():
    labels = [0, 0, 0, 1]
    probabilities = [[1, 0], [1, 0], [0.6, 0.4], [0.7, 0.3]]
    found = confident_learning(labels, probabilities)
    assert found.likelier[2] == 1
    assert found.suspects.tolist() == []

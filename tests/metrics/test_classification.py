"""The classification report against scikit-learn and hand-computed values."""

import json
import math

import numpy as np
import pytest
from sklearn import metrics

from dlapps.metrics.calibration import expected_calibration_error
from dlapps.metrics.classification import classification_report

NAMES = ["ant", "bee", "cat"]
LABELS = [0, 0, 1, 1]
PROBABILITIES = [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.2, 0.5, 0.3]]


@pytest.fixture(scope="module")
def random_predictions():
    generator = np.random.default_rng(1)
    return generator.integers(0, 8, 200), generator.dirichlet(np.ones(8), size=200)


def test_hand_computed_report():
    report = classification_report(LABELS, PROBABILITIES, NAMES)
    nats = -(math.log(0.7) + math.log(0.3) + math.log(0.8) + math.log(0.5)) / 4
    assert report["accuracy"] == 0.75
    assert report["negative_log_likelihood"] == pytest.approx(nats)
    assert report["num_examples"] == 4
    assert report["confusion_matrix"] == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert report["per_class"] == {
        "ant": {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2},
        "bee": {"precision": pytest.approx(2 / 3), "recall": 1.0, "f1": 0.8, "support": 2},
        "cat": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
    }


def test_agrees_with_scikit_learn(random_predictions):
    labels, probabilities = random_predictions
    report = classification_report(labels, probabilities, list("abcdefgh"))
    predicted = probabilities.argmax(axis=1)
    oracle = metrics.classification_report(
        labels, predicted, target_names=list("abcdefgh"), output_dict=True, zero_division=0
    )
    assert report["accuracy"] == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert report["top_5_accuracy"] == pytest.approx(
        metrics.top_k_accuracy_score(labels, probabilities, k=5)
    )
    assert report["negative_log_likelihood"] == pytest.approx(
        metrics.log_loss(labels, probabilities)
    )
    assert report["confusion_matrix"] == metrics.confusion_matrix(labels, predicted).tolist()
    assert report["expected_calibration_error"] == expected_calibration_error(labels, probabilities)
    for name, scores in report["per_class"].items():
        assert scores["f1"] == pytest.approx(oracle[name]["f1-score"])
        assert scores["precision"] == pytest.approx(oracle[name]["precision"])
        assert scores["recall"] == pytest.approx(oracle[name]["recall"])
        assert scores["support"] == oracle[name]["support"]


def test_survives_json_unchanged(random_predictions):
    report = classification_report(*random_predictions, list("abcdefgh"))
    assert json.loads(json.dumps(report)) == report


def test_an_impossible_answer_costs_a_finite_number_of_nats():
    report = classification_report([1], [[1.0, 0.0]], ["no", "yes"])
    assert report["negative_log_likelihood"] == pytest.approx(-math.log(1e-12))


def test_top_5_only_where_it_means_something():
    assert "top_5_accuracy" not in classification_report([0], np.full((1, 5), 0.2), list("abcde"))
    assert "top_5_accuracy" in classification_report([0], np.full((1, 6), 1 / 6), list("abcdef"))


def test_ties_go_to_the_first_classes_everywhere():
    names = [str(index) for index in range(100)]
    odd_classes_tie = np.tile([0.0, 0.02], [4, 50])  # many ties, for an unstable sort to mix
    report = classification_report([1, 9, 11, 99], odd_classes_tie, names)
    assert report["accuracy"] == 0.25
    assert report["top_5_accuracy"] == 0.5


def test_float32_softmax_is_accepted():
    logits = np.random.default_rng(2).normal(size=(50, 1000)).astype(np.float32)
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    names = [str(index) for index in range(1000)]
    assert classification_report(np.arange(50), probabilities, names)["num_examples"] == 50


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0, 1], [[1, 0, 0]], r"shape \(2,\) do not fit probabilities of shape \(1, 3\)"),
        ([[0]], [[1, 0, 0]], "expected"),
        ([], np.zeros((0, 3)), "no examples"),
        ([0.0], [[1, 0, 0]], "integers, not float64"),
        ([0, 3], [[1, 0, 0], [1, 0, 0]], "Label 3 is out of range: there are 3 classes"),
        ([-1], [[1, 0, 0]], "Label -1"),
        ([0, 0], [[1, 0, 0], [0.5, 0.5, 0.5]], "Row 1 .* sums to 1.5"),
        ([0], [[2.0, -1.0, 0.0]], "Row 0 .* outside"),
        ([0, 0], [[1, 0, 0], [math.nan, 0, 0]], "Row 1 .* NaN"),
    ],
)
def test_bad_predictions_are_refused(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        classification_report(labels, probabilities, NAMES)


def test_bad_class_names_are_refused():
    with pytest.raises(ValueError, match="2 class names do not fit probabilities of 3"):
        classification_report(LABELS, PROBABILITIES, ["ant", "bee"])
    with pytest.raises(ValueError, match="'ant' stands for more than one"):
        classification_report(LABELS, PROBABILITIES, ["ant", "bee", "ant"])

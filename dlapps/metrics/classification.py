"""The report of a classifier: how often it is right, how sure it is, and what it confuses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from dlapps.metrics.calibration import expected_calibration_error
from dlapps.metrics.predictions import checked_predictions

# Far below any probability of interest and above 0: one impossible answer costs 27.6 nats.
SMALLEST_PROBABILITY = 1e-12


def classification_report(
    labels: ArrayLike, probabilities: ArrayLike, class_names: Sequence[str]
) -> dict[str, Any]:
    """The measures of class probabilities [N, C] against labels [N], in plain Python numbers.

    Keys: accuracy, top_5_accuracy (of more than 5 classes), negative_log_likelihood (mean, in
    nats, of probabilities clipped at 1e-12), expected_calibration_error, num_examples,
    per_class (name -> precision, recall, f1, support; 0 where undefined), and confusion_matrix
    (rows are true classes). The first class wins a tie. Raises ValueError for bad input.
    """
    labels, probabilities = checked_predictions(labels, probabilities)
    num_classes = probabilities.shape[1]
    _check_names(class_names, num_classes)
    ranking = np.argsort(-probabilities, axis=1, kind="stable")
    predicted = ranking[:, 0]
    report: dict[str, Any] = {"accuracy": float(np.mean(predicted == labels))}
    if num_classes > 5:
        report["top_5_accuracy"] = float(np.mean(np.any(ranking[:, :5] == labels[:, None], axis=1)))
    report |= calibration_report(labels, probabilities)
    report["num_examples"] = len(labels)
    report["per_class"] = _per_class(labels, predicted, class_names)
    report["confusion_matrix"] = confusion_matrix(
        labels, predicted, labels=range(num_classes)
    ).tolist()
    return report


def calibration_report(labels: ArrayLike, probabilities: ArrayLike) -> dict[str, float]:
    """How honest class probabilities are: the keys of `classification_report` that say so."""
    labels, probabilities = checked_predictions(labels, probabilities)
    of_label = probabilities[np.arange(len(labels)), labels]
    return {
        "negative_log_likelihood": float(
            -np.mean(np.log(np.maximum(of_label, SMALLEST_PROBABILITY)))
        ),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
    }


def _per_class(
    labels: np.ndarray, predicted: np.ndarray, class_names: Sequence[str]
) -> dict[str, dict[str, float | int]]:
    columns = precision_recall_fscore_support(
        labels, predicted, labels=range(len(class_names)), zero_division=0
    )
    return {
        name: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
        }
        for name, precision, recall, f1, support in zip(class_names, *columns)
    }


def _check_names(class_names: Sequence[str], num_classes: int) -> None:
    if len(class_names) != num_classes:
        raise ValueError(
            f"{len(class_names)} class names do not fit probabilities of {num_classes} classes."
        )
    repeated = [name for name in class_names if list(class_names).count(name) > 1]
    if repeated:
        raise ValueError(f"The class name {repeated[0]!r} stands for more than one class.")

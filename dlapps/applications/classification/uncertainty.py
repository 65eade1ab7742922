"""How sure a classifier is of its answers: by samples of its dropout, and by a temperature."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from pydantic import AfterValidator, Field
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp

from dlapps.applications.classification.monte_carlo_dropout import ThinnedNetworks
from dlapps.config.schema import EvaluationSettings
from dlapps.data.batches import answers_in_order
from dlapps.explain.figures.reliability import Curve
from dlapps.export.answer import Arrays
from dlapps.export.kinds import Kind
from dlapps.layers.temperature import Temperature
from dlapps.metrics.calibration import reliability
from dlapps.metrics.classification import calibration_report
from dlapps.metrics.uncertainty import (
    disagreement_report,
    mutual_information,
    predictive_entropy,
)
from dlapps.models.classifier import classify

COLDEST, HOTTEST = 1e-2, 1e3
"""Between which a temperature is looked for: a perceptron's net inputs are in the hundreds."""

SMALLEST = 1e-30


def _not_one(samples: int) -> int:
    if samples == 1:
        raise ValueError("one sample disagrees with none; give 0 or at least 2")
    return samples


class ClassifierEvaluation(EvaluationSettings):
    """How a trained classifier is measured and asked."""

    monte_carlo_samples: Annotated[int, Field(ge=0, le=1000), AfterValidator(_not_one)] = 0
    """Monte-Carlo dropout (Gal, Ghahramani 2016): answers are means over so many thinned networks,
    and say how far these disagree. 0: dropout is for training alone."""
    temperature_scaling: bool = False
    """Whether logits are divided by the one number that suits the validation split best (Guo et al.
    2017)."""

    changes_later: ClassVar = ("monte_carlo_samples", "temperature_scaling")


class Prediction(NamedTuple):
    """What a classifier says of the N examples of a split, and what is true of them."""

    labels: np.ndarray
    probabilities: np.ndarray
    """[N, C], as they are answered."""
    deterministic: np.ndarray
    """[N, C] of the network alone: all its units, no temperature."""
    uncertainty: Mapping[str, np.ndarray]
    """[N] by its name: what samples tell of each answer; empty without samples."""


class AskedClassifier:
    """A trained classifier as it is asked: the network itself, or samples of its dropout."""

    def __init__(self, model: keras.Model, settings: ClassifierEvaluation):
        self.model, self.num_samples = model, settings.monte_carlo_samples
        temperature = _temperature_of(model)
        self.is_scaled, self.temperature = temperature is not None, temperature or 1.0
        self._thinned = ThinnedNetworks(model, self.num_samples) if self.num_samples else None

    def logits(self, x: tf.Tensor) -> tf.Tensor:
        """[T, N, C], T being 1 without samples."""
        if self._thinned is None:
            return tf.cast(self.model(x, training=False), tf.float32)[None]
        return self._thinned.logits(x)

    def answer(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """`probabilities` [N, C] and, of samples, each uncertainty [N]; for a graph."""
        if self._thinned is None:
            return {"probabilities": classify(self.model, x)}
        logs = tf.nn.log_softmax(self._thinned.logits(x))
        mean = tf.reduce_mean(tf.exp(logs), axis=0)
        # ONNX has no xlogy; what is as unlikely as this counts for nothing.
        total = -tf.reduce_sum(mean * tf.math.log(tf.maximum(mean, SMALLEST)), axis=-1)
        expected = -tf.reduce_mean(tf.reduce_sum(tf.exp(logs) * logs, axis=-1), axis=0)
        return {
            "probabilities": mean,
            "predictive_entropy": total,
            "mutual_information": tf.maximum(total - expected, 0),
        }

    def expected(self, x: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Logits [N, C] of the same probabilities, and the uncertainties, for the parity check.

        They are found by Keras' `predict` and by NumPy.
        """
        if self._thinned is None:
            return self.model.predict(x, verbose=0), {}
        logs = log_softmax(self._thinned.expected_logits(x).astype(np.float64), axis=-1)
        uncertainty = {
            "predictive_entropy": predictive_entropy(np.exp(logs)).astype(np.float32),
            "mutual_information": mutual_information(np.exp(logs)).astype(np.float32),
        }
        return logsumexp(logs, axis=0), uncertainty

    def predict(self, batches: tf.data.Dataset) -> Prediction:
        """The prediction of all examples, which come as batches of inputs and labels."""

        def of_batch(x: tf.Tensor) -> dict[str, tf.Tensor]:
            answers = self.answer(x)
            if not (self.num_samples or self.is_scaled):
                return {"deterministic": answers["probabilities"], **answers}
            logits = tf.cast(self.model(x, training=False), tf.float32)
            return {"deterministic": tf.nn.softmax(logits * self.temperature), **answers}

        labels, answers = answers_in_order(of_batch, batches)
        probabilities, deterministic = answers.pop("probabilities"), answers.pop("deterministic")
        return Prediction(labels, probabilities, deterministic, answers)


UNCERTAINTY_KINDS = {
    "predictive_entropy": Kind(
        "numbers", "how unsure the answer is: the entropy of its probabilities, in nats"
    ),
    "mutual_information": Kind(
        "numbers", "how much of that is because the samples of the network disagree, in nats"
    ),
}


def show_uncertainty(outputs: Arrays) -> dict[str, float]:
    """What a record says of the uncertainty of its one row; nothing without samples."""
    return {name: float(outputs[name][0]) for name in UNCERTAINTY_KINDS if name in outputs}


def reliability_curves(prediction: Prediction, asked: AskedClassifier) -> list[Curve]:
    """Of the network alone and, where something was done about its confidence, of its answers."""
    samples, temperature = asked.num_samples, asked.temperature
    done = [f"{samples} samples of dropout"] if samples else []
    done += [f"temperature {temperature:.3g}"] if asked.is_scaled else []
    drawn = {"the network alone": prediction.deterministic}
    drawn |= {", ".join(done): prediction.probabilities} if done else {}
    found = {name: reliability(prediction.labels, each) for name, each in drawn.items()}
    return [Curve(name, *each, each.expected_calibration_error) for name, each in found.items()]


def uncertainty_report(prediction: Prediction, asked: AskedClassifier) -> dict[str, float | int]:
    """What samples and a temperature changed, in plain numbers; empty without either.

    Keys: temperature; monte_carlo_samples and those of `disagreement_report`; and, of the network
    alone, deterministic_negative_log_likelihood and deterministic_expected_calibration_error.
    """
    labels, probabilities, deterministic, uncertainty = prediction
    report: dict[str, float | int] = {}
    if asked.is_scaled:
        report["temperature"] = asked.temperature
    if asked.num_samples:
        report["monte_carlo_samples"] = asked.num_samples
        report |= disagreement_report(labels, probabilities, **uncertainty)
    if report:
        alone = calibration_report(labels, deterministic)
        report |= {f"deterministic_{name}": value for name, value in alone.items()}
    return report


def best_temperature(labels: np.ndarray, logits: np.ndarray) -> float:
    """The temperature at which labels [N] are likeliest, given logits [T, N, C] of T samples.

    What is scaled is each sample, and what is likely is their mean (Laves, Ihler, Kortmann,
    Ortmaier 2019, "Well-calibrated model uncertainty with temperature scaling for dropout
    variational inference"); of one sample it is Guo's. Where all answers are right, the surest are
    the likeliest, and the temperature is the lowest that is looked for, 0.01.
    """
    rows = np.arange(len(labels))

    def negative_log_likelihood(log_temperature: float) -> float:
        logs = log_softmax(logits / np.exp(log_temperature), axis=-1)[:, rows, labels]
        return float(-np.mean(logsumexp(logs, axis=0)))

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    found = minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded")
    return float(np.exp(found.x))


def with_temperature(model: keras.Model, temperature: float) -> keras.Model:
    """The model with its logits divided by `temperature`; its layers are the same ones."""
    scaled = Temperature(temperature, name="temperature", dtype="float32")(model.outputs[0])
    return keras.Model(model.input, scaled, name=model.name)


def _temperature_of(model: keras.Model) -> float | None:
    """What a model's logits are divided by, if they are."""
    return next((x.temperature for x in model.layers if isinstance(x, Temperature)), None)

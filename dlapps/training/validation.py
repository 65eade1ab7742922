"""What the best weights are chosen by: the model's metrics on held-out data, or anything else."""

from collections.abc import Collection
from typing import Protocol

import keras
import tensorflow as tf

from dlapps.training.steps import read_metrics


class Validation(Protocol):
    """A measurement that the loop takes now and then."""

    def names(self) -> Collection[str]:
        """What it measures; asked once the model has all its variables."""

    def measure(self) -> dict[str, float]:
        """The model as it stands, measured."""


class MetricsOn:
    """A compiled model's own metrics, by its `test_step`, over all of `batches`."""

    def __init__(self, model: keras.Model, batches: tf.data.Dataset):
        self.model = model
        self.batches = batches
        self._test_all = tf.function(self._test)

    def names(self) -> Collection[str]:
        return read_metrics(self.model)

    def measure(self) -> dict[str, float]:
        self.model.reset_metrics()
        self._test_all(self.batches)
        results = read_metrics(self.model)
        self.model.reset_metrics()
        return results

    def _test(self, batches: tf.data.Dataset) -> None:
        for batch in batches:
            self.model.test_step(batch)

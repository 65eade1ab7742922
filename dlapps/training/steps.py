"""A model's own `train_step` and `test_step`, many of them in one call of TensorFlow."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

import keras
import tensorflow as tf

from dlapps.training.averages import averages_of
from dlapps.training.distribution import average_statistics


def compile_training(
    model: keras.Model, strategy: tf.distribute.Strategy, jit: bool
) -> tf.types.experimental.PolymorphicFunction:
    """A function of (batches, count): takes `count` steps, returns how many had finite losses.

    One graph serves every count, so how steps are grouped into calls does not change a weight.
    """
    averages = averages_of(model)

    def compiled(function: Callable) -> Callable:
        return tf.function(function, jit_compile=True) if jit else function

    train_step = compiled(model.train_step)
    move_averages = compiled(averages.update) if averages else None

    def replica_step(batch: Any) -> Mapping[str, tf.Tensor]:
        logs = train_step(batch)
        average_statistics(model, strategy)
        if move_averages:
            move_averages()
        return logs

    @tf.function
    def take_steps(batches: Iterator, count: tf.Tensor) -> tf.Tensor:
        finite = tf.constant(True)
        finite_steps = tf.constant(0, tf.int64)
        for _ in tf.range(count):
            logs = strategy.run(replica_step, args=(next(batches),))
            finite = tf.logical_and(finite, _losses_are_finite(logs, strategy))
            finite_steps += tf.cast(finite, tf.int64)
        return finite_steps

    return take_steps


def read_metrics(model: keras.Model) -> dict[str, float]:
    """The model's metrics as they stand."""
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _losses_are_finite(
    logs: Mapping[str, tf.Tensor], strategy: tf.distribute.Strategy
) -> tf.Tensor:
    losses = [
        local
        for name, value in logs.items()
        if name == "loss" or name.endswith("_loss")
        for local in strategy.experimental_local_results(value)
    ]
    return tf.reduce_all([tf.reduce_all(tf.math.is_finite(loss)) for loss in losses])


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


class WithScores:
    """What a Validation measures, and those of `scores` that have these names."""

    def __init__(
        self,
        metrics: Validation,
        names: Collection[str],
        scores: Callable[[], Mapping[str, float]],
    ):
        self._metrics, self._names, self._scores = metrics, names, scores

    def names(self) -> Collection[str]:
        return [*self._metrics.names(), *self._names]

    def measure(self) -> dict[str, float]:
        scores = self._scores()
        return {**self._metrics.measure(), **{name: scores[name] for name in self._names}}

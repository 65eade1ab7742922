"""Averages of a model's weights over its training, which often measure better than the last."""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf

from dlapps.config.training import TrainingSettings
from dlapps.training.optimizers import optimizers_of
from dlapps.training.schedule_free import ScheduleFreeAdamW


class MovingAverages:
    """Exponential moving averages of weights, and of the statistics that go with them.

    A batch normalization's moving mean and variance are averaged as the weights are: those of the
    last weights do not fit a network of earlier ones. Where few steps were taken, an average
    reaches back a tenth of them: after t, its momentum is at most (1 + t) / (10 + t), as that of
    `tf.train.ExponentialMovingAverage`, so that the first weights are soon forgotten.
    """

    def __init__(self, model: keras.Model, momentum: float):
        self.momentum = momentum
        self.averaged = _averaged(model)
        # As variables of replicas they are equal, so the first may speak for all.
        options = {"trainable": False, "aggregation": "only_first_replica"}
        self.averages = [
            keras.Variable(variable.numpy(), dtype=variable.dtype, name="average", **options)
            for variable in self.averaged
        ]
        self.steps = keras.Variable(0, dtype="int64", name="averaged_steps", **options)

    @property
    def variables(self) -> list[keras.Variable]:
        """What a checkpoint must hold."""
        return [*self.averages, self.steps]

    def update(self) -> None:
        """Moves each average, in the graph of a training step, after the weights were moved."""
        steps = tf.cast(self.steps.value, tf.float32)
        share = 1.0 - tf.minimum(self.momentum, (1.0 + steps) / (10.0 + steps))
        for variable, average in zip(self.averaged, self.averages, strict=True):
            difference = average.value - variable.value
            if variable.dtype == "float32" and not tf.distribute.has_strategy():
                # One pass over the average, where the next line takes two.
                tf.raw_ops.ResourceApplyGradientDescent(
                    var=average.value.handle, alpha=share, delta=difference
                )
            else:
                average.assign_sub(tf.cast(share, difference.dtype) * difference)
        self.steps.assign_add(1)

    def overwrite(self) -> None:
        """Puts the averages in place of the weights."""
        for variable, average in zip(self.averaged, self.averages, strict=True):
            variable.assign(average)


def _averaged(model: keras.Model) -> list[keras.Variable]:
    """What averages are taken of, each variable once."""
    layers = {id(layer): layer for layer in model._flatten_layers()}.values()
    normalizations = [each for each in layers if isinstance(each, keras.layers.BatchNormalization)]
    statistics = [v for each in normalizations for v in (each.moving_mean, each.moving_variance)]
    return [*model.trainable_variables, *statistics]


def begin_averages(model: keras.Model, settings: TrainingSettings) -> None:
    """Gives `model` the averages that a stage of training asks for, in place of any before."""
    model.averages = None
    if settings.ema_momentum is not None:
        # A step that only gathers gradients moves no weight.
        momentum = settings.ema_momentum ** (1 / settings.accumulation_steps)
        model.averages = MovingAverages(model, momentum)


def averages_of(model: keras.Model) -> MovingAverages | None:
    """The averages that `begin_averages` gave the model, if any."""
    return getattr(model, "averages", None)


def keep_averages(model: keras.Model) -> None:
    """Overwrites the weights with their averages, where such are kept."""
    averages = averages_of(model)
    if averages:
        averages.overwrite()
    for optimizer in _averaging_optimizers(model):
        # Each knows its own weights: with two optimizers, neither has all of the model's.
        optimizer.finalize_variable_values(optimizer._trainable_variables)


@contextlib.contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Swaps in the averages, if any are kept, for the block."""
    if not averages_of(model) and not _averaging_optimizers(model):
        yield
        return
    variables = _averaged(model)
    raw = [variable.numpy() for variable in variables]
    keep_averages(model)
    try:
        yield
    finally:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)


def _averaging_optimizers(model: keras.Model) -> list[keras.Optimizer]:
    """The optimizers that keep an average as part of their rule."""
    optimizers = [_without_scale(optimizer) for optimizer in optimizers_of(model).values()]
    return [each for each in optimizers if isinstance(each, ScheduleFreeAdamW)]


def _without_scale(optimizer: keras.Optimizer) -> keras.Optimizer:
    """The optimizer that was asked for, inside the one that Keras puts around it in float16."""
    is_scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return optimizer.inner_optimizer if is_scaled else optimizer

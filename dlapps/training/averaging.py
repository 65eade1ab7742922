"""The moving average of the weights, put in place while it is being looked at."""

import contextlib
from collections.abc import Iterator

import keras

from dlapps.training.optimizers import optimizers_of


def keep_averages(model: keras.Model) -> None:
    """Overwrites the weights with their moving averages, where an optimizer keeps one."""
    for optimizer in _averaging(model):
        # Each knows its own weights: with two optimizers, neither has all of the model's.
        optimizer.finalize_variable_values(optimizer._trainable_variables)


@contextlib.contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Swaps in the moving averages, if any are kept, for the block."""
    if not _averaging(model):
        yield
        return
    raw = [variable.numpy() for variable in model.trainable_variables]
    keep_averages(model)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)


def _averaging(model: keras.Model) -> list[keras.Optimizer]:
    return [optimizer for optimizer in optimizers_of(model).values() if optimizer.use_ema]

"""The learning-rate range test (Smith 2017, "Cyclical learning rates for training neural
networks"): what happens to the loss while the learning rate rises from too small to too large."""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.progress import progress
from dlapps.training.checkpoints import make_slots
from dlapps.training.distribution import distribute
from dlapps.training.hardware import choose_jit
from dlapps.training.optimizers import learning_rates, optimizers_of
from dlapps.training.stage import Stage
from dlapps.training.steps import compile_training, read_metrics

AVERAGED = 20
"""The smoothed loss is an average over about one in so many of the steps."""
DIVERGED = 4
"""Where the smoothed loss is so many times its minimum, larger rates tell nothing more."""

CERTAIN = 2
"""How many times the loss must fall by what chance moves it from batch to batch; that an average
of chance alone comes down by so much is rare."""


class RangeTest(NamedTuple):
    """The loss at each learning rate, from the smallest to where the test ended; float [steps]."""

    rates: np.ndarray
    """Evenly apart on a logarithmic scale."""
    losses: np.ndarray
    """Of the batch that was then learned from at this rate."""
    smoothed: np.ndarray
    """The exponential average of the losses so far, without the bias of its beginning."""
    averaged_steps: int
    """Over how many steps that is an average."""
    end: Literal["diverged", "not finite", "largest rate"]
    """Why the test ended where it did."""

    def falls(self) -> bool:
        """Whether the smoothed loss fell by more than chance moves it."""
        lowest, first = int(self.smoothed.argmin()), self.averaged_steps
        if lowest <= 2 * first:
            return False
        of_chance = np.diff(self.losses[: lowest + 1]).std() / math.sqrt(2)
        return bool(self.smoothed[first] - self.smoothed[lowest] > CERTAIN * of_chance)

    def at_minimum(self) -> float | None:
        """The rate at the minimum of the smoothed loss; None where that never falls."""
        return float(self.rates[self.smoothed.argmin()]) if self.falls() else None

    def at_steepest_descent(self) -> float | None:
        """The rate at which the smoothed loss falls the fastest; None where it never does."""
        if not self.falls():
            return None
        # From one step to the next the loss moves by chance more than by the rate, and the first
        # averages are of too few.
        span, lowest = self.averaged_steps, int(self.smoothed.argmin())
        falls = self.smoothed[span : lowest + 1 - span] - self.smoothed[2 * span : lowest + 1]
        return float(self.rates[span + int(falls.argmax()) + span // 2])


def range_test(stage: Stage, smallest: float, largest: float, steps: int) -> RangeTest:
    """What the loss is as the model of `stage` learns at `steps` rates, a step at each.

    A step is a batch of the stage, or as many as its settings gather into one update. The rate
    takes the place of the learning rate in the settings; where a model's optimizers have rates of
    their own, each keeps its proportion to it. None may be scheduled. The test ends early where
    the smoothed loss is DIVERGED times its minimum, or a loss is not finite, and leaves the model
    spoilt. It must run under the strategy that the model was built in.

    Raises UsageError where there is no learning rate, or where losses say nothing about it.
    """
    rates = np.geomspace(smallest, largest, steps)
    averaged_steps = max(1, steps // AVERAGED)
    kept = 1 - 1 / averaged_steps
    losses: list[float] = []
    smoothed: list[float] = []
    total = 0.0
    end: Literal["diverged", "not finite", "largest rate"] = "largest rate"
    for loss in _losses_at(rates, stage):
        if not math.isfinite(loss):
            end = "not finite"
            break
        losses.append(loss)
        total = kept * total + (1 - kept) * loss
        smoothed.append(total / (1 - kept ** len(losses)))
        lowest = min(smoothed)
        # Said so that it holds for losses below zero, too.
        if smoothed[-1] - lowest > (DIVERGED - 1) * abs(lowest):
            end = "diverged"
            break
    if not losses:
        raise UsageError(f"The loss is not finite even before a step at the rate {smallest:g}.")
    tested = rates[: len(losses)]
    return RangeTest(tested, np.array(losses), np.array(smoothed), averaged_steps, end)


def _losses_at(rates: np.ndarray, stage: Stage) -> Iterator[float]:
    """The loss of each step of training, the learning rate being the next of `rates`."""
    model, strategy = stage.model, tf.distribute.get_strategy()
    optimizers = optimizers_of(model).values()
    if not optimizers:
        raise UsageError(f"The model {model.name} has no optimizer, and so no learning rate.")
    batches = distribute(stage.batches, 0, strategy)
    if isinstance(batches, Iterator):
        raise UsageError(
            "An agent's batches follow from what it has learned, so their losses at different "
            "learning rates cannot be compared; try some with dlapps search."
        )
    iterator = iter(batches)
    factors = [rate / stage.settings.learning_rate for rate in learning_rates(model).values()]
    make_slots(model)
    jit = choose_jit(model, stage.settings, strategy.num_replicas_in_sync)
    take_steps = compile_training(model, strategy, jit)
    batches_a_step = tf.constant(stage.settings.accumulation_steps, tf.int64)
    for rate in progress(rates, "Raising the learning rate"):
        for optimizer, factor in zip(optimizers, factors, strict=True):
            optimizer.learning_rate = factor * rate
        model.reset_metrics()
        take_steps(iterator, batches_a_step)
        yield _loss(model)


def _loss(model: keras.Model) -> float:
    """The loss since the metrics were reset; of adversaries, the sum of theirs."""
    metrics = read_metrics(model)
    if "loss" in metrics:
        return metrics["loss"]
    parts = [value for name, value in metrics.items() if name.endswith("_loss")]
    if not parts:
        raise UsageError(f"The model {model.name} reports no loss to find a learning rate by.")
    return sum(parts)

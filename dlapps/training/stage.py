"""A stage: one learning rule and the experience it learns from; training is a sequence of them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlapps.config.schema import Config
from dlapps.config.training import TrainingSettings
from dlapps.data.batches import Batches, Columns, ShuffledBatches, in_order
from dlapps.data.splits import Data, Examples
from dlapps.training.steps import MetricsOn, Validation, WithScores


class Stage(NamedTuple):
    """What is learned from what, and for how long."""

    name: str
    """Where its checkpoints lie below the run's."""
    model: keras.Model
    """Compiled; its `train_step` is the learning rule."""
    batches: Batches
    settings: TrainingSettings
    validation: Validation | None = None
    """What the best weights are chosen by."""


def stage_seed(seed: int, number: int) -> int:
    """The seed of a run's stage, counted from 0: that of the run itself for the first."""
    if number == 0:
        return seed
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0] >> 1)


def supervised_stage(
    model: keras.Model,
    data: Data[Examples, Any],
    config: Config,
    prepare: Callable[[Columns], Any],
    augmented: Callable[[Columns, tf.Tensor], Any] | None = None,
    num_draws: int = 0,
    length: str | None = None,
    seed: int | None = None,
    rows: np.ndarray | None = None,
) -> Stage:
    """The one stage of most applications: shuffled examples, validated by the model's metrics.

    `prepare` makes of a batch of columns what the model's steps take. Where given, `augmented`
    does it for training, with `num_draws` random numbers a row; `length` and `rows` are as in
    ShuffledBatches.
    The seed is by default the run's. Make it after the model was compiled: it holds its metrics.
    """
    batches = ShuffledBatches(
        data["train"],
        config.data.batch_size,
        config.seed if seed is None else seed,
        augmented or (lambda columns, draws: prepare(columns)),
        num_draws,
        length,
        rows,
    )
    held_out = in_order(data["validation"], config.evaluation.batch_size, prepare)
    return Stage("training", model, batches, config.training, MetricsOn(model, held_out))


def with_decoded_scores(
    stage: Stage, config: Config, scores: Callable[[], Mapping[str, float]]
) -> Stage:
    """The stage, its validation with `config.decoded_scores` where they choose the best weights.

    `scores` has the model answer all of the validation split, which takes its time.
    """
    if not config.chosen_by_decoding:
        return stage
    assert stage.validation is not None, "what is chosen by a score is validated"
    validation = WithScores(stage.validation, config.decoded_scores, scores)
    return stage._replace(validation=validation)

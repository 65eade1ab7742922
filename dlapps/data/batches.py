"""Batches as a function of the step: what makes a run resumable at any of them."""

import abc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.data.splits import Examples

Columns = Mapping[str, tf.Tensor]


class Batches(abc.ABC):
    """A source of experience: an endless stream of training batches.

    A stream that is a function of the step has nothing to save. One that is not (an agent's
    replay buffer, an environment) saves and restores what it is in the middle of.
    """

    follow_the_model: bool = False
    """Whether a batch depends on the weights that the step before it left, as an agent's does."""

    @abc.abstractmethod
    def from_step(
        self, step: int, *, num_replicas: int = 1, num_workers: int = 1, worker: int = 0
    ) -> tf.data.Dataset:
        """The batches of one worker from `step` on, as they enter the model's `train_step`.

        With several replicas, every batch is divided among them and a worker's own parts follow
        one another.
        """

    def save(self, directory: Path) -> None:
        """Writes into a checkpoint what cannot be computed from the step."""

    def restore(self, directory: Path) -> None:
        """Reads back what `save` wrote."""


def drawn_when_asked(generate: Callable[[], Iterator[Any]], signature: Any) -> tf.data.Dataset:
    """The batches that `generate` yields, shaped like `signature`, none of them drawn ahead.

    For streams that follow the model: by itself, tf.data would draw the next batch while the
    weights are being updated. What the generator reads must be updated from the batch, as weights
    are, or under its control dependency: else the update may still overtake the draw.
    """
    options = tf.data.Options()
    options.deterministic = True
    # A generator may run TensorFlow itself, whose own threads must not wait for it.
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    return tf.data.Dataset.from_generator(generate, output_signature=signature).with_options(
        options
    )


def load_rows(load: Callable[[Columns], Columns], batch: Columns) -> Columns:
    """A batch whose every row went through `load`."""
    signature = tf.nest.map_structure(
        tf.TensorSpec.from_tensor,
        tf.function(load)
        .get_concrete_function(
            {name: tf.TensorSpec(c.shape[1:], c.dtype) for name, c in batch.items()}
        )
        .structured_outputs,
    )
    return tf.map_fn(load, batch, fn_output_signature=signature)


def in_order(
    examples: Examples, batch_size: int, transform: Callable[[Columns], Any]
) -> tf.data.Dataset:
    """Every example once, in order: what evaluation reads."""
    dataset = tf.data.Dataset.from_tensor_slices(dict(examples.columns)).batch(batch_size)
    if examples.load is not None:
        dataset = dataset.map(
            lambda batch: load_rows(examples.load, batch), num_parallel_calls=tf.data.AUTOTUNE
        )
    return dataset.map(transform, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def answers_in_order(
    function: Callable[[tf.Tensor], tf.Tensor], batches: tf.data.Dataset
) -> np.ndarray:
    """What `function`, compiled, makes of the inputs of all batches (inputs, targets)."""
    compiled = tf.function(function)
    return np.concatenate([compiled(x).numpy() for x, _ in batches])

"""Batches as a function of the step: what makes a run resumable at any of them."""

import abc
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.data.splits import Examples
from dlapps.errors import UsageError

logger = logging.getLogger(__name__)

Columns = Mapping[str, tf.Tensor]


class Batches(abc.ABC):
    """A source of experience: an endless stream of training batches.

    A stream that is a function of the step has nothing to save. One that is not (an agent's
    replay buffer, an environment) saves and restores what it is in the middle of.
    """

    @abc.abstractmethod
    def from_step(
        self, step: int, *, num_replicas: int = 1, num_workers: int = 1, worker: int = 0
    ) -> tf.data.Dataset | Iterator[Any]:
        """The batches of one worker from `step` on, as they enter the model's `train_step`.

        Where a batch depends on the weights that the step before it left, as an agent's does, the
        iterator is asked once, while the step is traced: its `next` adds the making of a batch to
        the step's own graph. Else they are a tf.data.Dataset. With several replicas, every batch
        is divided among them and a worker's own parts follow one another.
        """

    def save(self, directory: Path) -> None:
        """Writes into a checkpoint what cannot be computed from the step."""

    def restore(self, directory: Path) -> None:
        """Reads back what `save` wrote."""


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


def loaded(examples: Examples, batch: Columns) -> Columns:
    """The rows of a batch in their final form, where they are kept in another."""
    if examples.read is not None:
        batch = examples.read(batch)
    return batch if examples.load is None else load_rows(examples.load, batch)


def in_order(
    examples: Examples, batch_size: int, transform: Callable[[Columns], Any]
) -> tf.data.Dataset:
    """Every example once, in order: what evaluation reads."""
    dataset = tf.data.Dataset.from_tensor_slices(dict(examples.columns)).batch(batch_size)
    dataset = dataset.map(
        lambda batch: transform(loaded(examples, batch)), num_parallel_calls=tf.data.AUTOTUNE
    )
    return dataset.prefetch(2)


def answers_in_order(
    function: Callable[[tf.Tensor], Any], batches: tf.data.Dataset
) -> tuple[np.ndarray, Any]:
    """The targets, and what `function`, compiled, makes of the inputs of all batches (x, y).

    What it makes is a tensor, or any structure of tensors, with one row an example.
    """
    compiled = tf.function(function, input_signature=batches.element_spec[:1])
    answers = [(y, compiled(x)) for x, y in batches]
    return tf.nest.map_structure(lambda *parts: np.concatenate(parts), *answers)


# TensorFlow's default of 4 rounds leaves small data nearly in order when the key is small; from 8
# on, the order is as good as that of a drawn permutation.
SHUFFLE_ROUNDS = 16
SHUFFLE_KEY = 0x5DEECE66D
POOLED_BATCHES = 32


class ShuffledBatches(Batches):
    """Examples in a new order every epoch, batch after batch across the borders of epochs.

    Position p of the endless stream holds example `shuffle(p mod n)`, where the shuffle is a
    keyed permutation of (seed, epoch). So any batch can be computed without those before it,
    every example is seen once an epoch, and all batches have the same size.

    `transform` turns a batch of columns into what `train_step` takes. It also receives `draws`,
    `num_draws` uniform random numbers in [0, 1) for each row, a function of (seed, step, row): the
    source of all augmentation.

    `length` names a column of lengths, for examples that are padded to the longest of their
    batch: `POOLED_BATCHES` batches at a time are drawn as above, sorted by it, and handed out in
    a random order, so that a batch holds examples of about one length.

    `rows`, where given, are the examples of an epoch, so that some are seen more often than
    others; `n` above is then their number.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        seed: int,
        transform: Callable[[Columns, tf.Tensor], Any],
        num_draws: int = 0,
        length: str | None = None,
        rows: np.ndarray | None = None,
    ):
        self.examples = examples
        self.batch_size = batch_size
        self.seed = seed
        self.transform = transform
        self.num_draws = num_draws
        self.length = length
        self.rows = rows

    def from_step(
        self, step: int, *, num_replicas: int = 1, num_workers: int = 1, worker: int = 0
    ) -> tf.data.Dataset:
        if self.batch_size % num_replicas:
            raise UsageError(
                f"data.batch_size {self.batch_size} cannot be shared by {num_replicas} devices; "
                f"choose a multiple of {num_replicas}."
            )
        if len(self.examples) < self.batch_size:
            logger.warning(
                "There are %d examples to learn from, too few to fill one batch of %d "
                "(data.batch_size): every batch holds some of them more than once.",
                len(self.examples),
                self.batch_size,
            )
        rows = self.batch_size // num_replicas
        own = num_replicas // num_workers
        columns = {name: tf.constant(column) for name, column in self.examples.columns.items()}

        def part(number: tf.Tensor) -> tuple[Columns, tf.Tensor]:
            """Part `number` of this worker's stream: its columns and draws."""
            at_step = number // own
            first = (worker * own + number % own) * rows
            chosen = tf.ensure_shape(self._batch_at(at_step)[first : first + rows], [rows])
            batch = {name: tf.gather(column, chosen) for name, column in columns.items()}
            draws = uniform_draws((self.batch_size, self.num_draws), self.seed, at_step)
            return batch, tf.ensure_shape(draws[first : first + rows], [rows, self.num_draws])

        def prepared(number: tf.Tensor) -> Any:
            batch, draws = part(number)
            return self.transform(loaded(self.examples, batch), draws)

        options = tf.data.Options()
        options.deterministic = True
        return (
            tf.data.Dataset.range(step * own, tf.int64.max)
            .map(prepared, num_parallel_calls=tf.data.AUTOTUNE)
            .prefetch(tf.data.AUTOTUNE)
            .with_options(options)
        )

    def _batch_at(self, step: tf.Tensor) -> tf.Tensor:
        """The indices of the examples in the batch of a step."""
        if self.length is None:
            first = step * self.batch_size
            return self._examples_at(first + tf.range(self.batch_size, dtype="int64"))
        pool, number = step // POOLED_BATCHES, step % POOLED_BATCHES
        size = POOLED_BATCHES * self.batch_size
        chosen = self._examples_at(pool * size + tf.range(size, dtype="int64"))
        lengths = tf.gather(tf.constant(self.examples.columns[self.length]), chosen)
        chosen = tf.gather(chosen, tf.argsort(lengths, stable=True))
        place = shuffled(number, pool, POOLED_BATCHES, self.seed)
        return tf.reshape(chosen, [POOLED_BATCHES, self.batch_size])[place]

    def _examples_at(self, positions: tf.Tensor) -> tf.Tensor:
        size = len(self.examples) if self.rows is None else len(self.rows)
        chosen = shuffled(positions % size, positions // size, size, self.seed)
        return chosen if self.rows is None else tf.gather(tf.constant(self.rows), chosen)


def uniform_draws(shape: tuple[int, int], seed: int, step: tf.Tensor) -> tf.Tensor:
    """Uniform random numbers float32 [N, D] in [0, 1), multiples of 1 / 65,536.

    Two are cut from each 32 bits, since drawing them is most of what binarising images costs.
    """
    rows, columns = shape
    bits = tf.random.stateless_uniform(
        [rows, -(-columns // 2)],
        seed=tf.stack([seed, step]),
        minval=None,
        maxval=None,
        dtype=tf.int32,
    )
    halves = tf.reshape(tf.bitcast(bits, tf.uint16), [rows, 2 * bits.shape[1]])
    return tf.cast(halves[:, :columns], tf.float32) / 2.0**16


def shuffled(index: tf.Tensor, epoch: tf.Tensor, size: int, seed: int) -> tf.Tensor:
    """Where the permutation of `size` things that belongs to (seed, epoch) puts `index`.

    index, epoch: int64 [...], alike in shape.
    """
    constant = tf.ones_like(epoch)
    return tf.raw_ops.RandomIndexShuffle(
        index=index,
        seed=tf.stack([seed * constant, epoch, SHUFFLE_KEY * constant], axis=-1),
        max_index=tf.constant(size - 1, tf.int64),
        rounds=SHUFFLE_ROUNDS,
    )

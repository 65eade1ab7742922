"""Windows of a long text, read by several readers side by side who go on where they were."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from dlapps.data.batches import Batches
from dlapps.errors import UsageError

CARRIED = "carried.npz"


class TextWindows(Batches):
    """Batches of (tokens int32 [N, T], those that follow each [N, T], begins bool [N]).

    The text is divided among N readers, and row n of every batch is reader n's next window of T
    tokens. When all have read their parts an epoch is over and they begin anew, of which `begins`
    tells; each epoch divides the text from another place on, its end followed by its beginning.
    So a batch is a function of (seed, step). What the network remembers is not: the batches save
    and restore what it has `carried` from window to window.
    """

    def __init__(
        self,
        tokens: np.ndarray,
        rows: int,
        length: int,
        seed: int,
        carried: Mapping[str, tf.Variable],
    ):
        self.tokens, self.rows, self.length, self.seed = tokens, rows, length, seed
        self.carried = carried
        self.num_windows = len(tokens) // (rows * length)
        if not self.num_windows:
            raise UsageError(
                f"The text to learn from has {len(tokens)} tokens, fewer than one batch takes: "
                f"{rows} readers (data.batch_size) of {length} tokens each (data.truncation)."
            )

    def from_step(
        self, step: int, *, num_replicas: int = 1, num_workers: int = 1, worker: int = 0
    ) -> tf.data.Dataset:
        if num_replicas > 1:
            raise UsageError(
                f"A text is read on one device, where its reader goes on, not on {num_replicas}; "
                "use training.distribution=single."
            )
        text = tf.constant(self.tokens)
        part = len(self.tokens) // self.rows
        places = part * tf.range(self.rows)[:, None] + tf.range(self.length + 1)

        def window(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            epoch, number = number // self.num_windows, number % self.num_windows
            offset = tf.random.stateless_uniform(
                [], tf.stack([self.seed, epoch]), maxval=len(self.tokens), dtype=tf.int32
            )
            first = offset + tf.cast(number, tf.int32) * self.length
            read = tf.gather(text, (first + places) % len(self.tokens))
            return read[:, :-1], read[:, 1:], tf.fill([self.rows], number == 0)

        options = tf.data.Options()
        options.deterministic = True
        return (
            tf.data.Dataset.range(step, tf.int64.max)
            .map(window, num_parallel_calls=tf.data.AUTOTUNE)
            .prefetch(tf.data.AUTOTUNE)
            .with_options(options)
        )

    def save(self, directory: Path) -> None:
        arrays = {name: state.numpy() for name, state in self.carried.items()}
        np.savez(directory / CARRIED, **arrays)

    def restore(self, directory: Path) -> None:
        with np.load(directory / CARRIED) as arrays:
            for name, state in self.carried.items():
                state.assign(arrays[name])

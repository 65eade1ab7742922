"""Experience: the batches of an agent that learns from what it did before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlapps.data.batches import Batches
from dlapps.environments.endless_play import EndlessPlay
from dlapps.environments.episodes import Episodes
from dlapps.environments.replay_buffer import ReplayBuffer
from dlapps.environments.settings import EnvironmentData
from dlapps.environments.spec import EnvironmentSpec
from dlapps.errors import UsageError

REPLAY, PLAY = "replay.npz", "play.npz"


class Experience(Batches):
    """Each batch: one step in every environment by the model as it is, then a draw from memory.

    The first batch is preceded by `learning_starts` random environment steps. Every random number
    is a function of (seed, number of the step), and the rest is saved.
    """

    def __init__(
        self,
        model: keras.Model,
        episodes: Episodes,
        spec: EnvironmentSpec,
        settings: EnvironmentData,
        seed: int,
    ):
        self.model = model
        self.settings = settings
        self.seed = seed
        self.num_actions = len(spec.action_names)
        self.replay = ReplayBuffer(settings.replay_size)
        self.play = EndlessPlay(
            spec,
            settings.num_environments,
            lambda environment, episode: episodes.drawn_seed(seed, environment, episode),
        )
        self.signature = _signature(settings, spec)
        self.observations = tf.Variable(self.play.observations, trainable=False)
        """What is seen now, for the graph that chooses the actions, [environments, ...]."""

    @property
    def environment_steps(self) -> int:
        """Steps taken so far in all environments together."""
        return self.replay.num_added

    def from_step(
        self, step: int, *, num_replicas: int = 1, num_workers: int = 1, worker: int = 0
    ) -> Iterator[dict[str, tf.Tensor]]:
        if num_replicas > 1:
            raise UsageError(
                f"An agent plays and learns on one device, not on {num_replicas}; "
                "use training.distribution=single."
            )
        if step == 0:
            while self.environment_steps < self.settings.learning_starts:
                self._play_step()
            self.observations.assign(self.play.observations)
        return self._batches()

    def _batches(self) -> Iterator[dict[str, tf.Tensor]]:
        """Adds to the training step's graph, so that acting and learning are one call."""
        dtypes = [spec.dtype for spec in self.signature.values()]
        while True:
            action_values = tf.cast(self.model(self.observations, training=False), tf.float32)
            *columns, observations = tf.numpy_function(
                self._play_and_draw, [action_values], [*dtypes, self.observations.dtype]
            )
            self.observations.assign(tf.ensure_shape(observations, self.observations.shape))
            yield {
                name: tf.ensure_shape(column, spec.shape)
                for (name, spec), column in zip(self.signature.items(), columns, strict=True)
            }

    def _play_and_draw(self, action_values: np.ndarray) -> list[np.ndarray]:
        """The columns of a batch, in the signature's order, and what is seen next."""
        random = self._play_step(action_values)
        batch = self.replay.sample(self.settings.batch_size, random)
        return [*(batch[name] for name in self.signature), self.play.observations]

    def _play_step(self, action_values: np.ndarray | None = None) -> np.random.Generator:
        """Takes one step in every environment; returns its random numbers, for more of them.

        The best actions by `action_values` [environments, actions] are taken, but for those that
        explore; all are drawn where there are none yet.
        """
        random = np.random.default_rng((self.seed, self.environment_steps))
        count = self.settings.num_environments
        explores = random.random(count) < self.settings.exploration.rate_at(self.environment_steps)
        actions = random.integers(0, self.num_actions, count)
        if action_values is not None:
            actions = np.where(explores, actions, action_values.argmax(axis=1))
        self.replay.add(self.play.step(actions))
        return random

    def save(self, directory: Path) -> None:
        for name, saved in ((REPLAY, self.replay), (PLAY, self.play)):
            arrays: dict[str, Any] = saved.save()
            np.savez(directory / name, **arrays)

    def restore(self, directory: Path) -> None:
        with np.load(directory / REPLAY) as arrays:
            self.replay.restore(arrays)
        with np.load(directory / PLAY) as arrays:
            self.play.restore(arrays)
        self.observations.assign(self.play.observations)


def _signature(settings: EnvironmentData, spec: EnvironmentSpec) -> dict[str, tf.TensorSpec]:
    """The columns of a batch, as play and replay hand them on."""
    count = settings.batch_size
    observation = tf.TensorSpec([count, *spec.observation_shape], spec.observation_dtype)
    return {
        "observation": observation,
        "action": tf.TensorSpec([count], tf.int64),
        "reward": tf.TensorSpec([count], tf.float32),
        "next_observation": observation,
        "terminated": tf.TensorSpec([count], tf.float32),
    }

"""Experience: the batches of an agent that learns from what it did before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlapps.data.batches import Batches, drawn_when_asked
from dlapps.environments.endless_play import EndlessPlay
from dlapps.environments.episodes import Episodes
from dlapps.environments.play import acting
from dlapps.environments.replay_buffer import Columns, ReplayBuffer
from dlapps.environments.settings import EnvironmentData
from dlapps.environments.spec import EnvironmentSpec
from dlapps.errors import UsageError

REPLAY, PLAY = "replay.npz", "play.npz"


class Experience(Batches):
    """Each batch: one step in every environment by the model as it is, then a draw from memory.

    The first batch is preceded by `learning_starts` random environment steps. Every random number
    is a function of (seed, number of the step), and the rest is saved.
    """

    follow_the_model = True

    def __init__(
        self,
        model: keras.Model,
        episodes: Episodes,
        spec: EnvironmentSpec,
        settings: EnvironmentData,
        seed: int,
    ):
        self.settings = settings
        self.seed = seed
        self.num_actions = len(spec.action_names)
        self.action_values = acting(model)
        self.replay = ReplayBuffer(settings.replay_size)
        self.play = EndlessPlay(
            spec,
            settings.num_environments,
            lambda environment, episode: episodes.drawn_seed(seed, environment, episode),
        )

    @property
    def environment_steps(self) -> int:
        """Steps taken so far in all environments together."""
        return self.replay.num_added

    def from_step(
        self, step: int, *, num_replicas: int = 1, num_workers: int = 1, worker: int = 0
    ) -> tf.data.Dataset:
        if num_replicas > 1:
            raise UsageError(
                f"An agent plays and learns on one device, not on {num_replicas}; "
                "use training.distribution=single."
            )
        return drawn_when_asked(self._batches, self._signature())

    def _batches(self) -> Iterator[Columns]:
        while self.environment_steps < self.settings.learning_starts:
            self._play_step(exploration=1.0)
        while True:
            exploration = self.settings.exploration.rate_at(self.environment_steps)
            random = self._play_step(exploration)
            yield self.replay.sample(self.settings.batch_size, random)

    def _play_step(self, exploration: float) -> np.random.Generator:
        """Takes one step in every environment; returns its random numbers, for more of them."""
        random = np.random.default_rng((self.seed, self.environment_steps))
        count = self.settings.num_environments
        explores = random.random(count) < exploration
        actions = random.integers(0, self.num_actions, count)
        if not explores.all():
            chosen = self.action_values(self.play.observations).numpy().argmax(axis=1)
            actions = np.where(explores, actions, chosen)
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

    def _signature(self) -> dict[str, tf.TensorSpec]:
        count, spec = self.settings.batch_size, self.play.spec
        observation = tf.TensorSpec([count, *spec.observation_shape], spec.observation_dtype)
        return {
            "observation": observation,
            "action": tf.TensorSpec([count], tf.int64),
            "reward": tf.TensorSpec([count], tf.float32),
            "next_observation": observation,
            "terminated": tf.TensorSpec([count], tf.float32),
        }

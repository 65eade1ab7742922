"""Environments side by side, each of which plays one episode after another."""

import logging
from collections.abc import Callable, Mapping

import numpy as np

from dlapps.environments.making import make_environment
from dlapps.environments.spec import EnvironmentSpec, take_action

logger = logging.getLogger(__name__)


class EndlessPlay:
    """`count` environments that begin a new episode wherever one ends.

    `start_seed(environment, episode)` is what an episode is begun with. So an episode follows
    from its number and its actions, and the middle of one can be saved without looking into the
    environment: it is played again.
    """

    def __init__(self, spec: EnvironmentSpec, count: int, start_seed: Callable[[int, int], int]):
        self.spec = spec
        self.start_seed = start_seed
        self.environments = [make_environment(spec.environment) for _ in range(count)]
        self.episodes = np.zeros(count, np.int64)
        self.actions: list[list[int]] = [[] for _ in range(count)]
        shape = (count, *spec.observation_shape)
        self.observations = np.zeros(shape, spec.observation_dtype)
        """What is seen now, [environments, ...]."""
        for index in range(count):
            self._begin(index)

    def step(self, actions: np.ndarray) -> dict[str, np.ndarray]:
        """Takes one action in each environment; returns the transitions, a row for each.

        `next_observation` is the episode's own also where it was the last. `terminated` is 1
        where the episode ended by its rules; where only its time was up, it might have gone on.
        """
        before, after = self.observations, self.observations.copy()
        count = len(self.environments)
        rewards, terminated = np.zeros(count, np.float32), np.zeros(count, np.float32)
        truncated = np.zeros(count, bool)
        for index, action in enumerate(actions.tolist()):
            outcome = self._act(index, action)
            after[index], rewards[index], terminated[index], truncated[index] = outcome
        self.observations = after.copy()
        for index in np.flatnonzero((terminated > 0) | truncated).tolist():
            self.episodes[index] += 1
            self._begin(index)
        return {
            "observation": before,
            "action": actions,
            "reward": rewards,
            "next_observation": after,
            "terminated": terminated,
        }

    def save(self) -> dict[str, np.ndarray]:
        """The arrays that `restore` takes."""
        return {
            "episodes": self.episodes,
            "observations": self.observations,
            "lengths": np.array([len(actions) for actions in self.actions]),
            "actions": np.concatenate([np.array(actions, int) for actions in self.actions]),
        }

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Brings every environment to where it was at `save`."""
        self.episodes = arrays["episodes"].copy()
        ends = np.cumsum(arrays["lengths"])
        for index, actions in enumerate(np.split(arrays["actions"], ends[:-1])):
            self._begin(index)
            for action in actions.tolist():
                self.observations[index], *_ = self._act(index, action)
        if not np.array_equal(self.observations, arrays["observations"]):
            logger.warning(
                "The episodes of %s do not follow from their seeds and actions alone, so this "
                "run goes on, but not exactly as it would have.",
                self.spec.environment,
            )

    def _begin(self, index: int) -> None:
        seed = self.start_seed(index, int(self.episodes[index]))
        self.observations[index], _ = self.environments[index].reset(seed=seed)
        self.actions[index] = []

    def _act(self, index: int, action: int) -> tuple[np.ndarray, float, bool, bool]:
        """What followed: the observation, the reward, whether terminated, whether truncated."""
        self.actions[index].append(action)
        return take_action(self.environments[index], action)

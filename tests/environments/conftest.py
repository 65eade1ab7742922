"""A tiny environment whose every number is known."""

from collections.abc import Iterator

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete


class Line(gymnasium.Env):
    """A walk from `seed % 5` by action - 1 (0, 1 or 2) that terminates from 9 on.

    The observation is the place and the steps so far; the reward is the place reached.
    """

    metadata = {"render_modes": []}  # noqa: RUF012
    observation_space = Box(-100, 100, (2,), np.float32)
    action_space = Discrete(3, start=1)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = seed % 5, 0
        return self._observation(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.place, self.steps = self.place + int(action) - 1, self.steps + 1
        has_terminated = self.place > 8
        return self._observation(), float(self.place), has_terminated, False, {}

    def _observation(self):
        return np.array([self.place, self.steps], np.float32)


@pytest.fixture
def line() -> Iterator[str]:
    """The name of an environment whose episodes are at most 6 steps long."""
    gymnasium.register("Line-v0", entry_point=Line, max_episode_steps=6)
    yield "Line-v0"
    del gymnasium.registry["Line-v0"]

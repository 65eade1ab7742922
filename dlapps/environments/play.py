"""Playing whole episodes by the best known action: for a measurement, or for the eye."""

import dataclasses
from collections.abc import Collection, Sequence

import gymnasium
import keras
import numpy as np

from dlapps.environments.acting import ActionValues, acting
from dlapps.environments.episodes import Episodes
from dlapps.environments.making import can_draw, make_drawing_environment, make_environment


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """How episodes went: the sum of the rewards of each, and its length in steps."""

    returns: np.ndarray
    lengths: np.ndarray


def play_episodes(
    environments: Sequence[gymnasium.Env], seeds: Sequence[int], action_values: ActionValues
) -> Outcomes:
    """One episode in each environment, from its own seed, all side by side."""
    observations = np.stack(
        [environment.reset(seed=seed)[0] for environment, seed in zip(environments, seeds)]
    )
    observations = observations.astype(_dtype(environments[0]))
    returns, lengths = np.zeros(len(seeds)), np.zeros(len(seeds), int)
    running = range(len(seeds))
    while running:
        # Those that are over are asked, too: one shape, one compiled function.
        actions = action_values(observations).numpy().argmax(axis=1)
        still_running = []
        for index in running:
            environment = environments[index]
            action = environment.action_space.start + actions[index]
            observations[index], reward, terminated, truncated, _ = environment.step(action)
            returns[index] += float(reward)
            lengths[index] += 1
            if not (terminated or truncated):
                still_running.append(index)
        running = still_running
    return Outcomes(returns, lengths)


class GreedyPlay:
    """A validation: the mean return over whole episodes, no action drawn at random."""

    def __init__(self, model: keras.Model, episodes: Episodes):
        self.seeds = episodes.seeds
        self.action_values = acting(model)
        self.environments = [make_environment(episodes.environment) for _ in episodes.seeds]

    def names(self) -> Collection[str]:
        return ("mean_return", "mean_length")

    def measure(self) -> dict[str, float]:
        outcomes = self.outcomes()
        means = (outcomes.returns.mean(), outcomes.lengths.mean())
        return dict(zip(self.names(), map(float, means), strict=True))

    def outcomes(self) -> Outcomes:
        """How each episode goes with the model as it is."""
        return play_episodes(self.environments, self.seeds, self.action_values)


@dataclasses.dataclass(frozen=True)
class Recording:
    """One episode of T steps, seen from inside: what was seen before each step and done in it."""

    q_values: np.ndarray
    """[T, A]"""
    actions: np.ndarray
    """[T], indices of q_values"""
    rewards: np.ndarray
    """[T]"""
    has_terminated: bool
    """Whether it ended by its rules; else its time was up."""
    frames: Sequence[np.ndarray]
    """T + 1 pictures, uint8 [height, width, 3]; none where the environment draws none."""
    frames_per_second: float


def record_episode(name: str, seed: int, model: keras.Model) -> Recording:
    """The episode that starts from `seed`, played greedily."""
    draws = can_draw(name)
    environment = (make_drawing_environment if draws else make_environment)(name)
    action_values = acting(model)
    observation, _ = environment.reset(seed=seed)
    frames = [environment.render()] if draws else []
    q_values, actions, rewards = [], [], []
    is_over = False
    while not is_over:
        observations = observation[None].astype(_dtype(environment))
        q_values.append(action_values(observations).numpy()[0])
        actions.append(int(q_values[-1].argmax()))
        action = environment.action_space.start + actions[-1]
        observation, reward, terminated, truncated, _ = environment.step(action)
        rewards.append(float(reward))
        if draws:
            frames.append(environment.render())
        is_over = terminated or truncated
    environment.close()
    return Recording(
        q_values=np.array(q_values),
        actions=np.array(actions),
        rewards=np.array(rewards),
        has_terminated=bool(terminated),
        frames=frames,
        frames_per_second=environment.metadata.get("render_fps", 30),
    )


def _dtype(environment: gymnasium.Env) -> str:
    return "uint8" if environment.observation_space.dtype == np.uint8 else "float32"

"""Playing whole episodes by the best known action: for a measurement, or for the eye."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import gymnasium
import keras
import numpy as np
import tensorflow as tf

from dlapps.environments.episodes import Episodes
from dlapps.environments.making import can_draw, make_drawing_environment, make_environment
from dlapps.environments.spec import observation_dtype, take_action

ActionValues = Callable[[np.ndarray], tf.Tensor]
Policy = Callable[..., Mapping[str, tf.Tensor]]
"""From `observation` [N, ...] to `action` [N], an index, and `q_values` [N, A]."""


def acting(model: keras.Model) -> ActionValues:
    """A function from observations [N, ...] to action values [N, A], by the model as it is."""

    @tf.function
    def action_values(observations: tf.Tensor) -> tf.Tensor:
        return tf.cast(model(observations, training=False), tf.float32)

    # As a tensor, because an array would be taken for a constant of another graph each time.
    return lambda observations: action_values(tf.constant(observations))


MOST_ENVIRONMENTS = 32
"""Environments that play at a time, however many episodes there are."""
MOST_FRAMES = 1_000
"""Pictures kept of an episode: of a longer one every second, or every fourth, and so on."""


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """How episodes went: the sum of the rewards of each, and its length in steps."""

    returns: np.ndarray
    lengths: np.ndarray


class Ended(NamedTuple):
    """An episode that is over."""

    number: int
    """Its place among all."""
    total: float
    """The sum of its rewards."""
    length: int
    """Its steps."""


def play_episodes(
    environments: Sequence[gymnasium.Env], seeds: Sequence[int], action_values: ActionValues
) -> Iterator[Ended]:
    """One episode from each seed, as they end, as many at a time as there are environments."""
    numbers = list(range(min(len(environments), len(seeds))))
    environments = environments[: len(numbers)]
    waiting = iter(range(len(numbers), len(seeds)))
    observations = np.stack(
        [environment.reset(seed=seed)[0] for environment, seed in zip(environments, seeds)]
    )
    observations = observations.astype(observation_dtype(environments[0]))
    totals, lengths = np.zeros(len(numbers)), np.zeros(len(numbers), int)
    running = set(numbers)
    while running:
        # Those that are over are asked, too: one shape, one compiled function.
        actions = action_values(observations).numpy().argmax(axis=1)
        for index in sorted(running):
            outcome = take_action(environments[index], actions[index])
            observations[index], reward, terminated, truncated = outcome
            totals[index] += reward
            lengths[index] += 1
            if not (terminated or truncated):
                continue
            yield Ended(numbers[index], float(totals[index]), int(lengths[index]))
            following = next(waiting, None)
            if following is None:
                running.remove(index)
                continue
            numbers[index], totals[index], lengths[index] = following, 0, 0
            observations[index], _ = environments[index].reset(seed=seeds[following])


class GreedyPlay:
    """A validation: the mean return over whole episodes, no action drawn at random."""

    def __init__(self, model: keras.Model, episodes: Episodes):
        self.seeds = episodes.seeds
        self.action_values = acting(model)
        self.environments = [
            make_environment(episodes.environment)
            for _ in range(min(MOST_ENVIRONMENTS, len(episodes)))
        ]

    def names(self) -> Collection[str]:
        return ("mean_return", "mean_length")

    def measure(self) -> dict[str, float]:
        outcomes = self.outcomes()
        means = (outcomes.returns.mean(), outcomes.lengths.mean())
        return dict(zip(self.names(), map(float, means), strict=True))

    def outcomes(self, watch: Callable[[Iterator[Ended]], Iterable[Ended]] = iter) -> Outcomes:
        """How each episode goes with the model as it is; `watch` hands them on as they end."""
        playing = play_episodes(self.environments, self.seeds, self.action_values)
        _, totals, lengths = zip(*sorted(watch(playing)), strict=True)
        return Outcomes(np.array(totals), np.array(lengths))


@dataclasses.dataclass(frozen=True)
class Recording:
    """One episode of T steps, seen from inside: what was seen before each step and done in it."""

    observations: np.ndarray
    """[T, ...]"""
    q_values: np.ndarray
    """[T, A]"""
    actions: np.ndarray
    """[T], indices of q_values"""
    rewards: np.ndarray
    """[T]"""
    has_terminated: bool
    """Whether it ended by its rules; else its time was up."""
    frames: Sequence[np.ndarray]
    """Pictures, uint8 [height, width, 3], evenly apart, the first before the first step; none
    where the environment draws none."""
    frames_per_second: float


def record_episode(name: str, seed: int, policy: Policy) -> Recording:
    """The episode that starts from `seed`, played by the actions of `policy`."""
    draws = can_draw(name)
    environment = (make_drawing_environment if draws else make_environment)(name)
    dtype = observation_dtype(environment)
    observation, _ = environment.reset(seed=seed)
    frames, every = ([_drawn(environment)] if draws else []), 1
    observations, q_values, actions, rewards = [], [], [], []
    is_over = terminated = False
    while not is_over:
        observations.append(observation.astype(dtype))
        outputs = policy(observation=tf.constant(observations[-1][None]))
        q_values.append(outputs["q_values"].numpy()[0])
        actions.append(int(outputs["action"][0]))
        observation, reward, terminated, truncated = take_action(environment, actions[-1])
        rewards.append(reward)
        if draws and len(actions) % every == 0:
            frames.append(_drawn(environment))
        if len(frames) > MOST_FRAMES:
            frames, every = frames[::2], 2 * every
        is_over = terminated or truncated
    environment.close()
    return Recording(
        observations=np.stack(observations),
        q_values=np.array(q_values),
        actions=np.array(actions),
        rewards=np.array(rewards),
        has_terminated=terminated,
        frames=frames,
        frames_per_second=environment.metadata.get("render_fps", 30) / every,
    )


def _drawn(environment: gymnasium.Env) -> np.ndarray:
    return np.asarray(environment.render())

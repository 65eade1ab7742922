"""What a model must know of an environment: its observations and its actions."""

import math
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np

from dlapps.config.section import Section
from dlapps.environments.making import make_environment
from dlapps.errors import UsageError

ACTION_NAMES = {
    "CartPole": ("left", "right"),
    "Acrobot": ("clockwise", "none", "anticlockwise"),
    "MountainCar": ("left", "none", "right"),
    "LunarLander": ("none", "left engine", "main engine", "right engine"),
}
OBSERVATION_NAMES = {
    "CartPole": ("position", "velocity", "angle", "angular velocity"),
    "Acrobot": (
        "cosine 1", "sine 1", "cosine 2", "sine 2", "angular velocity 1", "angular velocity 2",
    ),
    "MountainCar": ("position", "velocity"),
    "LunarLander": (
        "x", "y", "x velocity", "y velocity", "angle", "angular velocity", "left leg", "right leg",
    ),
}  # fmt: skip
# Bounds beyond it are those of the number type, not of the environment.
UNBOUNDED = 1e6


class EnvironmentSpec(Section):
    """The observations and actions of one environment.

    `centre` and `scale` bring an observation into [-1, 1] by (observation - centre) / scale: one
    number for each of an observation's, or a single one where all have the same bounds; 0 and 1
    where there are none.
    """

    environment: str
    observation_shape: tuple[int, ...]
    observation_dtype: str
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    action_names: tuple[str, ...]

    def observation_names(self) -> tuple[str, ...]:
        """What each number of a flattened observation is called."""
        return _known(OBSERVATION_NAMES, self.environment, math.prod(self.observation_shape), "x")


def describe(name: str) -> EnvironmentSpec:
    """The spec of the environment called `name`.

    Raises UsageError unless its observations are arrays and its actions a choice among few.
    """
    environment = make_environment(name)
    environment.close()
    observations, actions = environment.observation_space, environment.action_space
    if not isinstance(actions, gymnasium.spaces.Discrete):
        raise UsageError(
            f"DQN chooses one of several actions, but those of {name} are {actions}. "
            "Environments for it have Discrete actions, such as CartPole-v1."
        )
    if not isinstance(observations, gymnasium.spaces.Box):
        raise UsageError(
            f"The observations of {name} are {observations}; this application takes arrays "
            "(Box), such as those of CartPole-v1. gymnasium's wrappers FlattenObservation and "
            "TransformObservation make an array of most others."
        )
    centre, scale = _centre_and_scale(observations)
    return EnvironmentSpec(
        environment=name,
        observation_shape=observations.shape,
        observation_dtype=observation_dtype(environment),
        centre=centre,
        scale=scale,
        action_names=_known(ACTION_NAMES, name, int(actions.n), "action"),
    )


def _centre_and_scale(space: gymnasium.spaces.Box) -> tuple[tuple[float, ...], tuple[float, ...]]:
    bounds = np.stack([space.low.ravel(), space.high.ravel()]).astype(np.float64)
    if (bounds == bounds[:, :1]).all():
        bounds = bounds[:, :1]
    low, high = bounds
    is_bounded = (np.abs(bounds) < UNBOUNDED).all(axis=0) & (low < high)
    # Half of each bound, because the difference of two infinite ones is no number.
    centre = np.where(is_bounded, low / 2 + np.where(is_bounded, high / 2, 0), 0)
    scale = np.where(is_bounded, high / 2 - np.where(is_bounded, low / 2, 0), 1)
    return tuple(centre.tolist()), tuple(scale.tolist())


def _known(
    names: Mapping[str, tuple[str, ...]], environment: str, count: int, otherwise: str
) -> tuple[str, ...]:
    """The `count` names that are known for an environment, or numbered ones."""
    known = names.get(environment.rpartition("-v")[0], ())
    return known if len(known) == count else tuple(f"{otherwise} {i}" for i in range(count))


def observation_dtype(environment: gymnasium.Env) -> str:
    """What the observations of an environment are handed on as."""
    return "uint8" if environment.observation_space.dtype == np.uint8 else "float32"


def take_action(environment: gymnasium.Env, index: int) -> tuple[Any, float, bool, bool]:
    """The observation, the reward, whether terminated and whether truncated, after one action."""
    actions = environment.action_space
    assert isinstance(actions, gymnasium.spaces.Discrete), "others were refused"
    observation, reward, terminated, truncated, _ = environment.step(actions.start + index)
    return observation, float(reward), bool(terminated), bool(truncated)

"""Making an environment by its name, with errors that say what else there is."""

import difflib
import importlib
import os

import gymnasium

from dlapps.errors import UsageError

# An episode must end for its return to be measured.
LONGEST_EPISODE = 10_000
NUM_SUGGESTIONS = 3


def make_environment(name: str, **options) -> gymnasium.Env:
    """The environment called `name`; one without a time limit is given LONGEST_EPISODE steps.

    `options` are what this environment can be made with, such as a render_mode. Raises UsageError
    where there is none or something it needs is missing.
    """
    spec = _spec_of(name)
    longest = spec.max_episode_steps or LONGEST_EPISODE
    try:
        return gymnasium.make(spec, max_episode_steps=longest, disable_env_checker=True, **options)
    except (gymnasium.error.Error, ImportError) as error:
        raise UsageError(f"The environment {name} cannot be made: {error}.") from error


def _spec_of(name: str) -> gymnasium.envs.registration.EnvSpec:
    package, _, own_name = name.rpartition(":")
    try:
        if package:
            importlib.import_module(package)  # It registers its environments as it is imported.
        return gymnasium.spec(own_name)
    except (ImportError, ValueError) as error:
        raise UsageError(f"The environment {name} cannot be made: {error}.") from error
    except gymnasium.error.Error as error:
        names = list(gymnasium.registry)
        near = difflib.get_close_matches(own_name, names, n=NUM_SUGGESTIONS, cutoff=0)
        raise UsageError(
            f"gymnasium has no environment {name}; the nearest are {', '.join(near)}."
        ) from error


def can_draw(name: str) -> bool:
    """Whether an environment can show itself as a picture."""
    environment = make_environment(name)
    environment.close()
    return "rgb_array" in environment.metadata.get("render_modes", [])


def make_drawing_environment(name: str) -> gymnasium.Env:
    """The environment called `name`, its `render()` a picture: uint8 [height, width, 3]."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # There may be no screen.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    return make_environment(name, render_mode="rgb_array")

"""An environment that cannot be had ends in one sentence that says why or what else there is."""

import gymnasium
import pytest

from dlapps.environments.making import LONGEST_EPISODE, can_draw, make_environment
from dlapps.errors import UsageError


@pytest.mark.parametrize("name", ["CartPol-v1", "CartPole-v7", "cartpole", "CartPole"])
def test_an_unknown_environment_names_the_nearest(name):
    with pytest.raises(UsageError, match=rf"no environment {name}; .*CartPole-v1"):
        make_environment(name)


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="No module named 'no_such_package'"):
        make_environment("no_such_package:Maze-v0")


def test_a_package_brings_its_own_environments(tmp_path, monkeypatch):
    (tmp_path / "mazes.py").write_text(
        "import gymnasium\n"
        "from gymnasium.envs.classic_control import CartPoleEnv\n"
        "gymnasium.register('Maze-v0', entry_point=CartPoleEnv, max_episode_steps=7)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert make_environment("mazes:Maze-v0").spec.max_episode_steps == 7
    with pytest.raises(UsageError, match=r"no environment mazes:Mase-v0; .*Maze-v0"):
        make_environment("mazes:Mase-v0")
    del gymnasium.registry["Maze-v0"]


@pytest.fixture
def unmakeable():
    def build(render_mode=None):
        raise gymnasium.error.DependencyNotInstalled("Box2D is not installed")

    gymnasium.register("Unmakeable-v0", entry_point=build)
    yield "Unmakeable-v0"
    del gymnasium.registry["Unmakeable-v0"]


def test_what_an_environment_misses_is_said(unmakeable):
    with pytest.raises(UsageError, match="Unmakeable-v0 cannot be made: Box2D is not installed"):
        make_environment(unmakeable)


def test_every_episode_has_an_end(line):
    assert make_environment(line).spec.max_episode_steps == 6
    gymnasium.registry[line].max_episode_steps = None
    assert make_environment(line).spec.max_episode_steps == LONGEST_EPISODE


def test_some_can_draw_themselves(line):
    assert can_draw("CartPole-v1")
    assert not can_draw(line)

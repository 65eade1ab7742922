"""How exploration falls, and sizes that cannot be."""

import pydantic
import pytest

from dlapps.environments.settings import EnvironmentData, Exploration


def test_exploration_falls_along_a_line():
    exploration = Exploration(start=0.9, final=0.1, environment_steps=100)
    rates = [exploration.rate_at(step) for step in (0, 50, 100, 1000)]
    assert rates == pytest.approx([0.9, 0.5, 0.1, 0.1])


def test_a_memory_that_cannot_hold_the_beginning_is_refused():
    with pytest.raises(pydantic.ValidationError, match="replay_size must hold"):
        EnvironmentData(name="CartPole-v1", replay_size=100, learning_starts=101)

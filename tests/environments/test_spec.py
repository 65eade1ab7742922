"""What is known of an environment, and which environments are refused."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box

from dlapps.environments.spec import EnvironmentSpec, describe
from dlapps.errors import UsageError


def test_cart_pole_is_known():
    spec = describe("CartPole-v1")
    assert (spec.observation_shape, spec.observation_dtype) == ((4,), "float32")
    assert spec.action_names == ("left", "right")
    # The velocities have no bounds.
    np.testing.assert_allclose(spec.scale, [4.8, 1, 0.4189, 1], atol=1e-4)
    assert spec.centre == (0, 0, 0, 0)


def test_bounds_become_centre_and_scale():
    spec = describe("MountainCar-v0")
    np.testing.assert_allclose(spec.centre, [-0.3, 0], atol=1e-6)
    np.testing.assert_allclose(spec.scale, [0.9, 0.07], atol=1e-6)


def test_unknown_actions_are_numbered_and_equal_bounds_given_once(line):
    spec = describe(line)
    assert spec.action_names == ("action 0", "action 1", "action 2")
    assert (spec.centre, spec.scale) == ((0.0,), (100.0,))


def test_each_number_of_an_observation_has_a_name(line):
    assert describe("CartPole-v1").observation_names()[2] == "angle"
    assert describe(line).observation_names() == ("x 0", "x 1")


@pytest.mark.parametrize("name", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"])
def test_known_names_are_as_many_as_there_are_numbers(name):
    spec = describe(name)
    assert not any(each.startswith("x ") for each in spec.observation_names())
    assert not any(each.startswith("action ") for each in spec.action_names)


def test_a_spec_survives_json():
    spec = describe("Acrobot-v1")
    assert EnvironmentSpec.model_validate_json(spec.model_dump_json()) == spec


def test_continuous_actions_are_refused():
    with pytest.raises(UsageError, match=r"Pendulum-v1 are Box.*such as CartPole-v1"):
        describe("Pendulum-v1")


@pytest.mark.parametrize("name", ["FrozenLake-v1", "Blackjack-v1", "Tree-v0"])
def test_observations_that_are_no_arrays_are_refused(name):
    class Tree(gymnasium.Env):
        observation_space = gymnasium.spaces.Dict({"leaf": Box(0, 1)})
        action_space = gymnasium.spaces.Discrete(2)

    gymnasium.register("Tree-v0", entry_point=Tree)
    try:
        with pytest.raises(UsageError, match=rf"observations of {name} are (Dict|Discrete|Tuple)"):
            describe(name)
    finally:
        del gymnasium.registry["Tree-v0"]

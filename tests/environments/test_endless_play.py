"""Episodes follow one another; their ends are told apart; their middle can be restored."""

import numpy as np
import pytest

from dlapps.environments.endless_play import EndlessPlay
from dlapps.environments.spec import describe


@pytest.fixture
def play(line):
    """Makes two environments that start at the places 0, 1, 2, 3 and 4, 0, 1, 2 in turn."""
    return lambda: EndlessPlay(describe(line), 2, lambda index, episode: 4 * index + episode)


def step(play: EndlessPlay, *actions: int) -> dict[str, np.ndarray]:
    return play.step(np.array(actions))


def test_a_step_is_a_transition(play):
    transitions = step(play(), 2, 1)
    np.testing.assert_array_equal(transitions["observation"], [[0, 0], [4, 0]])
    np.testing.assert_array_equal(transitions["next_observation"], [[2, 1], [5, 1]])
    np.testing.assert_array_equal(transitions["reward"], [2, 5])
    np.testing.assert_array_equal(transitions["action"], [2, 1])
    np.testing.assert_array_equal(transitions["terminated"], [0, 0])


def test_only_an_end_by_the_rules_terminates(play):
    play = play()
    for _ in range(5):
        step(play, 0, 0)
    last = step(play, 0, 0)  # Time is up for both.
    np.testing.assert_array_equal(last["terminated"], [0, 0])
    np.testing.assert_array_equal(last["next_observation"], [[0, 6], [4, 6]])
    np.testing.assert_array_equal(play.observations, [[1, 0], [0, 0]])
    for _ in range(3):
        step(play, 2, 2)
    last = step(play, 2, 2)  # 1 -> 9 ends, 0 -> 8 does not.
    np.testing.assert_array_equal(last["terminated"], [1, 0])
    np.testing.assert_array_equal(last["next_observation"], [[9, 4], [8, 4]])
    np.testing.assert_array_equal(play.observations, [[2, 0], [8, 4]])


def test_what_was_returned_stays_as_it_was(play):
    play = play()
    transitions = step(play, 2, 2)
    before = transitions["next_observation"].copy()
    step(play, 2, 2)
    np.testing.assert_array_equal(transitions["next_observation"], before)


@pytest.mark.parametrize("name", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"])
def test_a_restored_play_goes_on_alike(name):
    spec = describe(name)
    random = np.random.default_rng(0)

    def new() -> EndlessPlay:
        return EndlessPlay(spec, 3, lambda index, episode: 1000 * index + episode)

    play = new()
    for length in (0, 1, 30, 250):
        for _ in range(length):
            play.step(random.integers(0, len(spec.action_names), 3))
        restored = new()
        restored.restore(play.save())
        for _ in range(50):
            actions = random.integers(0, len(spec.action_names), 3)
            for a, b in zip(play.step(actions).values(), restored.step(actions).values()):
                np.testing.assert_array_equal(a, b)


def test_an_environment_with_a_will_of_its_own_is_noticed(play, caplog):
    saved = play().save()
    assert "not exactly" not in caplog.text
    play().restore(saved | {"observations": saved["observations"] + 1})
    assert "not exactly as it would have" in caplog.text

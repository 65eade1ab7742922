"""Whole episodes: side by side as one by one, by the best action, and recorded."""

import gymnasium
import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.environments.episodes import Episodes
from dlapps.environments.making import make_environment
from dlapps.environments.play import GreedyPlay, Policy, play_episodes, record_episode


def cart_pole_model() -> keras.Model:
    """Pushes the way the pole falls, which holds it for a while."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, use_bias=False)])
    falls = np.array([0.1, 0.2, 1.0, 0.6])
    model.set_weights([np.stack([-falls, falls], axis=1)])
    return model


def greedy(model: keras.Model) -> Policy:
    def policy(observation: tf.Tensor) -> dict[str, tf.Tensor]:
        q_values = model(observation)
        return {"action": tf.argmax(q_values, axis=1), "q_values": q_values}

    return policy


def one_by_one(seed: int) -> float:
    environment, model = gymnasium.make("CartPole-v1"), cart_pole_model()
    observation, _ = environment.reset(seed=seed)
    total, is_over = 0.0, False
    while not is_over:
        action = int(np.argmax(model(observation[None])))
        observation, reward, terminated, truncated, _ = environment.step(action)
        total, is_over = total + reward, terminated or truncated
    return total


def test_episodes_side_by_side_go_as_one_by_one():
    outcomes = GreedyPlay(cart_pole_model(), Episodes("CartPole-v1", range(3, 6))).outcomes()
    np.testing.assert_array_equal(outcomes.returns, [one_by_one(seed) for seed in (3, 4, 5)])
    np.testing.assert_array_equal(outcomes.returns, outcomes.lengths)


@pytest.mark.parametrize("num_environments", [1, 2, 3, 5])
def test_returns_and_lengths_are_those_of_the_episodes(line, num_environments):
    def rightmost(observations: np.ndarray) -> tf.Tensor:
        return tf.one_hot([2] * len(observations), 3)

    environments = [make_environment(line) for _ in range(num_environments)]
    ended = list(play_episodes(environments, [0, 1, 4], rightmost))
    assert sorted(ended) == [(0, 30, 5), (1, 24, 4), (2, 24, 3)]


def test_it_measures_the_weights_as_they_are():
    model = cart_pole_model()
    play = GreedyPlay(model, Episodes("CartPole-v1", range(5)))
    good = play.measure()
    assert good.keys() == set(play.names())
    model.set_weights([np.zeros((4, 2))])
    assert play.measure()["mean_return"] < 15 < good["mean_return"]
    model.set_weights(cart_pole_model().get_weights())
    assert play.measure() == good


def test_a_recording_is_the_episode():
    recording = record_episode("CartPole-v1", 3, greedy(cart_pole_model()))
    total = one_by_one(3)
    assert recording.rewards.sum() == total
    assert recording.q_values.shape == (total, 2)
    np.testing.assert_array_equal(recording.q_values.argmax(axis=1), recording.actions)
    together = cart_pole_model()(recording.observations)  # Rounded otherwise than one by one.
    np.testing.assert_allclose(together, recording.q_values, rtol=1e-4, atol=1e-7)
    assert recording.has_terminated == (total < 500)
    assert len(recording.frames) == total + 1
    assert recording.frames[0].shape == (400, 600, 3)
    assert (recording.frames[0] != recording.frames[-1]).any()


def test_of_a_long_episode_every_second_picture_is_kept(monkeypatch):
    whole = record_episode("CartPole-v1", 3, greedy(cart_pole_model()))
    monkeypatch.setattr("dlapps.environments.play.MOST_FRAMES", len(whole.frames) // 2 + 1)
    thinned = record_episode("CartPole-v1", 3, greedy(cart_pole_model()))
    np.testing.assert_array_equal(thinned.frames, whole.frames[::2])
    assert thinned.frames_per_second == whole.frames_per_second / 2
    np.testing.assert_array_equal(thinned.actions, whole.actions)


def test_what_cannot_draw_is_recorded_without_frames(line):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, kernel_initializer="zeros")])
    recording = record_episode(line, 2, greedy(model))
    assert recording.frames == []
    np.testing.assert_array_equal(recording.rewards, [2] * 6)
    np.testing.assert_array_equal(recording.observations, [[2, step] for step in range(6)])
    assert not recording.has_terminated


def test_it_is_played_by_the_actions_of_the_policy(line):
    def rightmost(observation: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"action": tf.constant([2]), "q_values": tf.constant([[9.0, 0.0, 0.0]])}

    recording = record_episode(line, 4, rightmost)
    np.testing.assert_array_equal(recording.actions, [2] * 3)
    assert recording.has_terminated

"""Experience follows the model, begins with random play, and can be continued anywhere."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.config.training import TrainingSettings
from dlapps.environments.episodes import Episodes
from dlapps.environments.experience import Experience
from dlapps.environments.settings import EnvironmentData, Exploration
from dlapps.environments.spec import describe
from dlapps.errors import UsageError
from dlapps.models.agents.dqn import DQN, dqn
from dlapps.training.loop import train
from dlapps.training.stage import Stage

EPISODES = Episodes("CartPole-v1", range(100, 200))


def settings(**changes) -> EnvironmentData:
    values = {
        "name": "CartPole-v1",
        "num_environments": 3,
        "learning_starts": 20,
        "replay_size": 60,
        "batch_size": 8,
        "exploration": Exploration(final=0.2, environment_steps=50),
    }
    return EnvironmentData(**values | changes)


def agent(seed: int = 0) -> DQN:
    keras.utils.set_random_seed(seed)
    spec = describe("CartPole-v1")
    model = dqn((4,), "float32", 2, spec.centre, spec.scale, widths=[8])
    model.compile(keras.optimizers.Adam(0.01))
    return model


def experience(model: DQN, seed: int = 0, **changes) -> Experience:
    return Experience(model, EPISODES, describe("CartPole-v1"), settings(**changes), seed)


def assert_same(first: dict, second: dict) -> None:
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_learning_starts_after_random_play():
    model = agent()
    model.get_layer("q_values").bias.assign([1e6, 0])  # The model only ever goes left.
    one = experience(model, learning_starts=50, exploration=Exploration(start=0.0, final=0.0))
    batches = iter(one.from_step(0))
    next(batches)
    assert one.environment_steps == 51 + 3, "the first whole number of steps, and one more"
    actions = one.replay.save()["action"]
    assert 0.2 < actions[:51].mean() < 0.8
    assert (actions[51:] == 0).all()
    for _ in range(30):
        next(batches)
    assert one.environment_steps == 51 + 3 * 31
    assert (one.replay.save()["action"][-1] == 0).all()


def test_exploration_is_as_often_as_asked():
    model = agent()
    model.get_layer("q_values").bias.assign([1e6, 0])
    rate = Exploration(start=0.5, final=0.5)
    one = experience(model, exploration=rate, replay_size=5000, learning_starts=0)
    batches = iter(one.from_step(0))
    for _ in range(1000):
        next(batches)
    assert one.replay.save()["action"].mean() == pytest.approx(0.25, abs=0.03)


def test_many_steps_a_call_play_and_learn_as_one_by_one(tmp_path):
    by_hand, in_calls = agent(), agent()
    one, other = experience(by_hand), experience(in_calls)
    for _, batch in zip(range(40), one.from_step(0)):
        by_hand.train_step(batch)
    settings = TrainingSettings(steps=40, log_every=7, steps_per_call=10)
    train(Stage("training", in_calls, other, settings), tmp_path)
    # Every action follows from the weights before it: none may have been chosen too early.
    assert_same(one.replay.save(), other.replay.save())
    for first, second in zip(by_hand.weights, in_calls.weights, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.mark.parametrize("after", [1, 30])
def test_restored_experience_goes_on_alike(tmp_path, after):
    model = agent()
    one, other = experience(model), experience(model)
    batches = iter(one.from_step(0))
    for _ in range(after):
        next(batches)
    one.save(tmp_path)
    continued = iter(other.from_step(after))  # The loop restores after it made the iterator.
    other.restore(tmp_path)
    for _ in range(40):
        assert_same(next(batches), next(continued))
    assert one.environment_steps == other.environment_steps


def test_the_seed_decides():
    model = agent()
    first, again, other = (next(iter(experience(model, s).from_step(0))) for s in (0, 0, 1))
    assert_same(first, again)
    assert (first["observation"].numpy() != other["observation"].numpy()).any()


def test_episodes_start_from_training_seeds():
    one = experience(agent())
    starts = {one.play.start_seed(index, number) for index in range(3) for number in range(50)}
    assert starts <= set(EPISODES.seeds)


def test_several_devices_are_refused():
    with pytest.raises(UsageError, match="one device, not on 2"):
        experience(agent()).from_step(0, num_replicas=2)


def test_a_batch_has_the_shapes_that_were_promised():
    batch = next(iter(experience(agent()).from_step(0)))
    assert {name: (tuple(t.shape), t.dtype) for name, t in batch.items()} == {
        "observation": ((8, 4), tf.float32),
        "action": ((8,), tf.int64),
        "reward": ((8,), tf.float32),
        "next_observation": ((8, 4), tf.float32),
        "terminated": ((8,), tf.float32),
    }

"""The Q-network learns what the Bellman equation says, by a target network that lags behind."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.models.agents.convolutional_dqn import convolutional_dqn
from dlapps.models.agents.dqn import DQN, dqn


def agent(learning: dict | None = None, learning_rate: float = 0.01, **options) -> DQN:
    keras.utils.set_random_seed(0)
    model = dqn((2,), "float32", 3, (0.0,), (1.0,), **{"widths": [8]} | options)
    model.compile(keras.optimizers.SGD(learning_rate), **learning or {})
    return model


def transitions(count: int = 6) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "observation": random.normal(size=(count, 2)).astype(np.float32),
        "action": random.integers(0, 3, count),
        "reward": random.normal(size=count).astype(np.float32),
        "next_observation": random.normal(size=(count, 2)).astype(np.float32),
        "terminated": (np.arange(count) % 3 == 0).astype(np.float32),
    }


def unlike_its_target() -> tuple[DQN, np.ndarray, np.ndarray]:
    """A model, its values and its target's for the next observations of `transitions`."""
    model, data = agent({"discount": 0.9}), transitions()
    random = np.random.default_rng(1)
    model.target_network.set_weights(
        [random.normal(size=w.shape) for w in model.target_network.get_weights()]
    )
    own, target = (net(data["next_observation"]).numpy() for net in (model, model.target_network))
    assert (own.argmax(1) != target.argmax(1)).any()
    return model, own, target


@pytest.mark.parametrize("double", [True, False])
def test_targets_follow_the_bellman_equation(double):
    model, own, target = unlike_its_target()
    model.double, data = double, transitions()
    chosen = (own if double else target).argmax(axis=1)
    next_values = target[np.arange(6), chosen]
    expected = data["reward"] + 0.9 * (1 - data["terminated"]) * next_values
    np.testing.assert_allclose(model.compute_targets(data)[:, 0], expected, atol=1e-5)


def test_only_the_actions_taken_are_learned():
    data = transitions()
    data["action"][:] = 1
    model = agent()
    before = model.get_layer("q_values").kernel.numpy()
    model.train_step(data)
    moved = np.abs(model.get_layer("q_values").kernel.numpy() - before).max(axis=0)
    assert (moved > 0).tolist() == [False, True, False]


def weights_of(model: DQN) -> tuple[np.ndarray, np.ndarray]:
    networks = (model, model.target_network)
    return tuple(network.get_layer("q_values").kernel.numpy() for network in networks)


def test_the_target_network_is_fetched_every_few_updates():
    model = agent({"target_update_every": 3})
    own, target = weights_of(model)
    np.testing.assert_array_equal(own, target)
    for step in range(1, 7):
        model.train_step(transitions())
        own, new_target = weights_of(model)
        if step % 3:
            np.testing.assert_array_equal(new_target, target)
            assert (own != new_target).any()
        else:
            np.testing.assert_array_equal(new_target, own)
        target = new_target


def test_the_target_network_follows_softly():
    model = agent({"target_update_every": 1, "target_update_fraction": 0.25})
    _, target = weights_of(model)
    for _ in range(3):
        model.train_step(transitions())
        own, new_target = weights_of(model)
        np.testing.assert_allclose(new_target, 0.75 * target + 0.25 * own, atol=1e-6)
        target = new_target


def test_it_learns_the_values_of_a_known_game():
    """A walk 0 -> 1 -> 2 (the end), a reward of 1 for the last step; action 1 walks, 0 stays."""
    data = {
        "observation": np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32),
        "action": np.array([0, 1, 0, 1]),
        "reward": np.array([0, 0, 0, 1], np.float32),
        "next_observation": np.array([[1, 0], [0, 1], [0, 1], [0, 0]], np.float32),
        "terminated": np.array([0, 0, 0, 1], np.float32),
    }
    keras.utils.set_random_seed(0)
    model = dqn((2,), "float32", 2, (0.0,), (1.0,), widths=[16])
    model.compile(keras.optimizers.Adam(0.003), discount=0.9, target_update_every=5)
    step = tf.function(model.train_step)
    for _ in range(600):
        step(data)
    values = model(np.eye(2, dtype=np.float32)).numpy()
    np.testing.assert_allclose(values, [[0.81, 0.9], [0.9, 1.0]], atol=1e-3)


def test_plain_fit_trains_it():
    dataset = tf.data.Dataset.from_tensors(transitions()).repeat(10)
    history = agent().fit(dataset, epochs=3, verbose=0, shuffle=False).history
    assert history.keys() == {"loss", "q_value"}
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize("dueling", [True, False])
def test_a_saved_network_answers_the_same(tmp_path, dueling):
    model, x = agent(dueling=dueling), transitions()["observation"]
    model.train_step(transitions())
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))
    assert type(loaded) is DQN
    assert loaded.count_params() == (2 * 8 + 8) + 8 * 3 + 3 + (8 + 1) * dueling


def test_observations_are_brought_to_one_scale():
    model = dqn((2,), "float32", 2, (1.0, -2.0), (4.0, 0.5), widths=[3])
    seen = keras.Model(model.inputs[0], model.get_layer("rescaled").output)
    np.testing.assert_allclose(seen(np.array([[5, -2], [1, -1.5]])), [[1, 0], [0, 1]], atol=1e-6)


def test_a_dueling_network_takes_the_mean_advantage_out():
    model = agent(dueling=True)
    x = transitions()["observation"]
    parts = [model.get_layer(name).output for name in ("value", "advantage")]
    value, advantage = keras.Model(model.inputs[0], parts)(x)
    expected = value + advantage - np.mean(advantage, axis=1, keepdims=True)
    np.testing.assert_allclose(model(x), expected, atol=1e-6)


def test_the_published_network_for_images():
    model = convolutional_dqn((84, 84, 4), "uint8", 6, (127.5,), (127.5,))
    assert model.count_params() == 8_224 + 32_832 + 36_928 + 11 * 11 * 64 * 512 + 512 + 3_078
    model.compile("adam")
    frames = np.random.default_rng(0).integers(0, 256, (2, 84, 84, 4), dtype=np.uint8)
    data = transitions(2) | {"observation": frames, "next_observation": frames}
    assert np.isfinite(model.train_step(data)["loss"])


def test_images_are_needed_for_convolutions():
    with pytest.raises(UsageError, match=r"shape \(4,\); model.name=dqn"):
        convolutional_dqn((4,), "float32", 2, (0.0,), (1.0,))


@pytest.mark.parametrize("dueling", [False, True])
def test_after_rescaling_it_is_the_same_network(dueling):
    model = dqn((2,), "uint8", 3, (100.0,), (50.0,), widths=[8], dueling=dueling)
    observations = np.random.default_rng(0).integers(0, 256, (5, 2), dtype=np.uint8)
    expected = model(observations).numpy()
    rescaled = (observations.astype(np.float32) - 100) / 50
    network = model.after_rescaling()
    np.testing.assert_allclose(network([rescaled]), expected, atol=1e-5)
    np.testing.assert_array_equal(model(observations), expected)
    assert next(layer.name for layer in model.layers) == "observation"

"""An agent is asked by the function that is exported, plays each episode once, and is explained."""

import gymnasium
import keras
import numpy as np
import pytest
import tensorflow as tf
from gymnasium.spaces import Box, Discrete

from dlapps.applications.games.application import Games
from dlapps.config.schema import build_config
from dlapps.environments.play import GreedyPlay
from dlapps.explain.explainable import explainer


class Flight(gymnasium.Env):
    """Five pictures of a bright row that falls."""

    metadata = {"render_modes": []}  # noqa: RUF012
    observation_space = Box(0, 255, (16, 16, 1), np.uint8)
    action_space = Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._observation(), {}

    def step(self, action):
        self.steps += 1
        return self._observation(), 1.0, self.steps == 5, False, {}

    def _observation(self):
        picture = np.zeros((16, 16, 1), np.uint8)
        picture[3 * self.steps] = 200
        return picture


@pytest.fixture
def flight():
    gymnasium.register("Flight-v0", entry_point=Flight)
    yield "Flight-v0"
    del gymnasium.registry["Flight-v0"]


def agent(name: str, model: dict) -> tuple[Games, keras.Model]:
    values = {
        "application": "games",
        "data": {"name": name, "validation_episodes": 2, "test_episodes": 3},
        "model": model,
        "training": {"steps": 1},
    }
    application = Games(build_config(Games.config_class, Games.models, values, ""))
    keras.utils.set_random_seed(0)
    return application, application.build_model(application.build_data().spec)


@pytest.fixture
def cart_pole() -> tuple[Games, keras.Model]:
    return agent("CartPole-v1", {"name": "dqn", "widths": [8]})


def test_predict_plays_by_the_exported_function(cart_pole, monkeypatch, tmp_path):
    application, model = cart_pole
    spec = application.build_data().spec
    answer = application.answers(model, spec)["serving_default"]

    def always_left(observation: tf.Tensor) -> dict[str, tf.Tensor]:
        return {**answer.function(observation), "action": tf.zeros_like(observation[:, 0], "int64")}

    left = {"serving_default": answer._replace(function=always_left)}
    monkeypatch.setattr(application, "answers", lambda model, spec: left)
    (record,) = application.predict(model, spec, ["7"], tmp_path)
    environment = gymnasium.make("CartPole-v1")
    environment.reset(seed=7)
    length, is_over = 0, False
    while not is_over:
        _, _, is_over, *_ = environment.step(0)
        length += 1
    assert (record["length"], record["return"]) == (length, length)


def test_the_example_expects_what_the_function_answers(cart_pole):
    application, model = cart_pole
    answer = application.answers(model, application.build_data().spec)["serving_default"]
    inputs, expected = answer.example()
    outputs = answer.traced()(**answer.tensors(inputs))
    np.testing.assert_array_equal(outputs["action"], expected["action"])
    np.testing.assert_allclose(outputs["q_values"], expected["q_values"], atol=1e-5)


def test_a_split_is_played_once(cart_pole, monkeypatch):
    application, model = cart_pole
    data, played, outcomes = application.build_data(), [], GreedyPlay.outcomes

    def counted(self, *arguments):
        played.append(self.seeds)
        return outcomes(self, *arguments)

    monkeypatch.setattr(GreedyPlay, "outcomes", counted)
    assert application.evaluate(model, data, "test")["episodes"] == 3
    assert application.pictures(model, data).keys() == {"returns", "episode"}
    assert played == [data["test"].seeds]


def test_each_step_of_an_episode_is_explained(cart_pole):
    application, model = cart_pole
    spec = application.build_data().spec
    explainable = application.explainable(model, spec)
    inputs = explainable.prepare("7")
    episode = application._episode(model, spec, 7)
    np.testing.assert_allclose(
        inputs[0], (episode.observations - spec.centre) / spec.scale, atol=1e-6
    )
    np.testing.assert_allclose(explainable.network(inputs), episode.q_values, atol=1e-6)
    found = explainer(explainable, "gradient_times_input")(inputs)
    relevance = found.values
    # A hundredth less of one number is a hundredth less of what it adds.
    step, number, change = 3, 2, 1e-2
    less = inputs[0].numpy()
    less[step, number] *= 1 - change
    before, after = (explainable.score(explainable.network([x])) for x in (inputs[0], less))
    added = (before - after)[step] / change
    assert float(added) == pytest.approx(float(relevance[step, number]), abs=1e-4)
    figure = explainable.show("7", inputs, [found], None)
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[-2].get_lines()}
    np.testing.assert_array_equal(lines["angle"], relevance[:, 2])


def test_pictures_are_explained_by_their_maps(flight):
    application, model = agent(flight, {"name": "convolutional_dqn", "width": 4})
    explainable = application.explainable(model, application.build_data().spec)
    inputs = explainable.prepare("7")
    assert inputs[0].shape == (5, 16, 16, 1)
    found = explainer(explainable, "grad_cam")(inputs)
    assert found.values.shape == (5, 2, 2)
    figure = explainable.show("7", inputs, [found], None)
    assert [axes.get_title() for axes in figure.axes[:2]] == [
        f"step {step}: action {int(np.argmax(explainable.network(inputs[0])[step]))}"
        for step in (0, 1)
    ]

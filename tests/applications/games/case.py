"""What tests/test_applications.py needs to know of agents."""

from pathlib import Path

import gymnasium
import tensorflow as tf

SMALL = [
    "data.learning_starts=50",
    "data.validation_episodes=2",
    "data.test_episodes=2",
    "model.widths=[16]",
]


def make_files(directory: Path) -> None:
    """Nothing: an agent plays by itself."""


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that make a config's play short, as an untaught CartPole's is."""
    return [*SMALL, "data.name=CartPole-v1"]


def inputs(config: dict, directory: Path) -> list[str]:
    """Where the episodes begin that a run is asked to play."""
    return ["7", "8"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    assert metrics["lowest_return"] <= metrics["mean_return"] <= metrics["highest_return"]
    assert metrics["mean_return_low"] <= metrics["mean_return"] <= metrics["mean_return_high"]
    assert metrics["episodes"] == 2


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel plays otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    environment = gymnasium.make("CartPole-v1")
    for text, answer in zip(inputs, answers, strict=True):
        assert Path(answer["animation"]).read_bytes().startswith(b"GIF89a")
        observation, _ = environment.reset(seed=int(text))
        total, length, is_over = 0.0, 0, False
        while not is_over:
            served = serve(observation=tf.constant(observation[None]))
            assert served["q_values"].shape == (1, environment.action_space.n)
            observation, reward, *ends, _ = environment.step(int(served["action"][0]))
            total, length, is_over = total + float(reward), length + 1, any(ends)
        assert (total, length) == (answer["return"], answer["length"])

"""Games: which action to take next in an environment, learned by playing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.applications.base import Application
from dlapps.applications.games.pictures import distribution_figure, episode_figure, gif_bytes
from dlapps.config.schema import Config
from dlapps.config.section import Positive, Section
from dlapps.data.batches import Batches
from dlapps.data.splits import Splits
from dlapps.environments.episodes import Episodes, load_episodes
from dlapps.environments.experience import Experience
from dlapps.environments.play import GreedyPlay, Outcomes, Recording, record_episode
from dlapps.environments.settings import EnvironmentData
from dlapps.environments.spec import EnvironmentSpec
from dlapps.errors import UsageError
from dlapps.export.parity import parity_tolerance
from dlapps.export.saved_model import write_saved_model
from dlapps.export.signature import Signature
from dlapps.files import write_into
from dlapps.metrics.returns import return_report
from dlapps.models.agents.convolutional_dqn import convolutional_dqn
from dlapps.models.agents.dqn import dqn
from dlapps.progress import progress
from dlapps.training.optimizers import build_optimizer
from dlapps.training.steps import Validation


class QLearning(Section):
    """How action values are learned from transitions."""

    discount: Annotated[float, Field(ge=0, le=1)] = 0.99
    """What a reward is worth one step later."""
    double: bool = True
    """Choose the next action by the network and value it by the target network."""
    loss: Literal["huber", "mean_squared_error"] = "huber"
    """huber is robust; where rewards are few but sure, the square learns from them faster."""
    target_update_every: Positive = 10
    """Training steps between moves of the target network."""
    target_update_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """How far it moves: all the way, or a little each time (Polyak averaging)."""


class GamesConfig(Config):
    """The settings of an agent."""

    data: EnvironmentData
    learning: QLearning = QLearning()

    @model_validator(mode="after")
    def _check_accumulation(self):
        if self.training.accumulation_steps > 1:
            raise ValueError("an agent takes training.accumulation_steps 1; raise data.batch_size")
        return self


class Games(Application):
    """Observations in, an action and the values of all actions out."""

    Config = GamesConfig
    Spec = EnvironmentSpec
    models = {"dqn": dqn, "convolutional_dqn": convolutional_dqn}  # noqa: RUF012

    def build_data(self) -> Splits:
        return load_episodes(self.config.data)

    def build_model(self, spec: EnvironmentSpec) -> keras.Model:
        model = self.models[self.config.model["name"]](
            spec.observation_shape,
            spec.observation_dtype,
            len(spec.action_names),
            spec.centre,
            spec.scale,
            **self.config.model_options,
        )
        learning = self.config.learning.model_dump()
        model.compile(build_optimizer(self.config.training), **learning)
        return model

    def training_batches(self, model: keras.Model, data: Splits) -> Batches:
        return Experience(model, data.train, data.spec, self.config.data, self.config.seed)

    def validation(self, model: keras.Model, data: Splits) -> Validation:
        return GreedyPlay(model, data.validation)

    def evaluate(self, model: keras.Model, examples: Episodes, spec: EnvironmentSpec) -> dict:
        outcomes = _outcomes(model, examples)
        return return_report(outcomes.returns, outcomes.lengths)

    def predict(
        self, model: keras.Model, spec: EnvironmentSpec, inputs: Sequence[str], directory: Path
    ) -> list[dict]:
        seeds = [_read_seed(text) for text in inputs]
        return [
            {
                "input": text,
                **_answer(record_episode(spec.environment, seed, model), seed, directory),
            }
            for text, seed in zip(inputs, seeds, strict=True)
        ]

    def export(self, model: keras.Model, spec: EnvironmentSpec, directory: Path) -> Path:
        def answer(observation: tf.Tensor) -> dict[str, tf.Tensor]:
            q_values = tf.cast(model(observation, training=False), tf.float32)
            return {"action": tf.argmax(q_values, axis=1), "q_values": q_values}

        example = _example_observations(spec)
        q_values = model.predict(example, verbose=0).astype(np.float32)
        expected = {"action": q_values.argmax(axis=1), "q_values": q_values}
        shape = [None, *spec.observation_shape]
        tensor = tf.TensorSpec(shape, spec.observation_dtype, "observation")
        return write_saved_model(
            directory,
            {"serving_default": Signature(answer, tensor, example, expected)},
            tolerance=parity_tolerance(model),
        )

    def pictures(self, model: keras.Model, data: Splits) -> dict:
        returns = _outcomes(model, data.test).returns
        episode = record_episode(data.spec.environment, data.test.seeds[0], model)
        return {
            "returns": distribution_figure(returns, "Return"),
            "episode": _episode_figure(episode, data.spec),
        }

    def pictures_of(self, model: keras.Model, spec: EnvironmentSpec, inputs: Sequence[str]) -> dict:
        seeds = [_read_seed(text) for text in inputs]
        return {
            f"episode_{seed}": _episode_figure(record_episode(spec.environment, seed, model), spec)
            for seed in seeds
        }


def _outcomes(model: keras.Model, episodes: Episodes) -> Outcomes:
    return GreedyPlay(model, episodes).outcomes(
        lambda playing: progress(playing, "Episodes", len(episodes))
    )


def _read_seed(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(
            f"{text!r} is no start of an episode; this run takes seeds, whole numbers such as 7."
        )
    return int(text)


def _answer(episode: Recording, seed: int, directory: Path) -> dict:
    """What is said of an episode; its animation is written where there are pictures."""
    record = {
        "return": float(episode.rewards.sum()),
        "length": len(episode.actions),
        "ended": "by its rules" if episode.has_terminated else "by its time limit",
    }
    if episode.frames:
        gif = gif_bytes(episode.frames, episode.frames_per_second)
        record["animation"] = str(write_into(directory, f"episode_{seed}.gif", gif))
    return record


def _episode_figure(episode: Recording, spec: EnvironmentSpec):
    return episode_figure(episode.q_values, episode.actions, spec.action_names, episode.frames)


def _example_observations(spec: EnvironmentSpec) -> np.ndarray:
    """Eight observations from all over the space, whether or not an episode comes there."""
    numbers = np.random.default_rng(0).uniform(-1, 1, (8, *spec.observation_shape))
    shape = spec.observation_shape if len(spec.scale) > 1 else ()
    scale, centre = np.reshape(spec.scale, shape), np.reshape(spec.centre, shape)
    return (centre + scale * numbers).astype(spec.observation_dtype)

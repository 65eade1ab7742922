"""Games: which action to take next in an environment, learned by playing."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from pydantic import Field, model_validator

from dlapps.applications.base import Application
from dlapps.applications.games.pictures import (
    distribution_figure,
    episode_figure,
    evenly_apart,
    relevance_in_frames,
    relevance_over_the_steps,
)
from dlapps.config.schema import Config
from dlapps.config.section import Positive, Section
from dlapps.data.splits import Examples
from dlapps.environments.episodes import Episodes, EpisodesToPlay, load_episodes
from dlapps.environments.experience import Experience
from dlapps.environments.play import GreedyPlay, Outcomes, Recording, record_episode
from dlapps.environments.settings import EnvironmentData
from dlapps.environments.spec import EnvironmentSpec
from dlapps.errors import UsageError, in_short
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.gif import gif_bytes
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind
from dlapps.files import write_into
from dlapps.metrics.returns import return_report
from dlapps.models.agents.convolutional_dqn import convolutional_dqn
from dlapps.models.agents.dqn import DQN, dqn
from dlapps.models.classifier import layers_with_maps
from dlapps.progress import progress
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage

FEW_EPISODES = 5
LONGEST_SEED = 18
"""Digits: more would fit into no whole number of a machine, nor into the name of a file."""


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


class Games(Application[GamesConfig, EnvironmentSpec]):
    """Observations in, an action and the values of all actions out."""

    config_class = GamesConfig
    spec_class = EnvironmentSpec
    models = {"dqn": dqn, "convolutional_dqn": convolutional_dqn}  # noqa: RUF012

    def build_data(self) -> EpisodesToPlay:
        return load_episodes(self.config.data)

    def to_inspect(self, data: EpisodesToPlay) -> dict[str, Examples]:
        return {}

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

    def stages(self, model: keras.Model, data: EpisodesToPlay) -> Iterator[Stage]:
        settings = self.config.data
        experience = Experience(model, data["train"], data.spec, settings, self.config.seed)
        validation = GreedyPlay(model, data["validation"])
        yield Stage("training", model, experience, self.config.training, validation)

    def evaluate(self, model: keras.Model, data: EpisodesToPlay, split: str) -> dict[str, Any]:
        outcomes = self._outcomes(model, data, split)
        return return_report(outcomes.returns, outcomes.lengths)

    def answers(self, model: keras.Model, spec: EnvironmentSpec) -> dict[str, Answer]:
        def act(observation: tf.Tensor) -> dict[str, tf.Tensor]:
            q_values = tf.cast(model(observation, training=False), tf.float32)
            return {"action": tf.argmax(q_values, axis=1), "q_values": q_values}

        def example() -> tuple[Arrays, Arrays]:
            observations = _example_observations(spec)
            q_values = model.predict(observations, verbose=0).astype(np.float32)
            expected = {"action": q_values.argmax(axis=1), "q_values": q_values}
            return {"observation": observations}, expected

        shape = [None, *spec.observation_shape]
        return {
            "serving_default": Answer(
                inputs={"observation": tf.TensorSpec(shape, spec.observation_dtype)},
                function=act,
                example=example,
                input_kinds={"observation": _observation_kind(spec)},
                output_kinds=_action_kinds(spec),
                rows=lambda episodes: self._seen(model, spec, episodes),
            )
        }

    def _seen(
        self, model: keras.Model, spec: EnvironmentSpec, episodes: Episodes
    ) -> Iterator[Arrays]:
        """What the agent sees in the first few of the episodes."""
        for seed in episodes.seeds[:FEW_EPISODES]:
            yield {"observation": self._episode(model, spec, seed).observations}

    def predict(
        self, model: keras.Model, spec: EnvironmentSpec, inputs: Sequence[str], directory: Path
    ) -> list[dict[str, Any]]:
        """What came of the episode from each seed, played by the function that is exported."""
        records: list[dict[str, Any]] = []
        for text in progress(inputs, "Playing"):
            try:
                seed = _read_seed(text)
            except UsageError as error:
                records.append({"input": text, "error": str(error)})
            else:
                told = _told(self._episode(model, spec, seed), seed, directory)
                records.append({"input": text, **told})
        return records

    def pictures(self, model: keras.Model, data: EpisodesToPlay) -> dict[str, Figure]:
        returns = self._outcomes(model, data, "test").returns
        episode = self._episode(model, data.spec, data["test"].seeds[0])
        return {
            "episode": _episode_figure(episode, data.spec),
            "returns": distribution_figure(returns, "Return"),
        }

    def pictures_of(
        self, model: keras.Model, spec: EnvironmentSpec, text: str, name: str
    ) -> dict[str, Figure]:
        seed = _read_seed(text)
        return {f"episode_{seed}": _episode_figure(self._episode(model, spec, seed), spec)}

    def explainable(self, model: DQN, spec: EnvironmentSpec) -> Explainable:
        """Each row of the network's inputs is a step of the episode that starts from a seed."""
        rescaled = keras.Model(model.inputs[0], model.get_layer("rescaled").output)
        if layers_with_maps(model):
            return self._explainable_by_frames(model, spec, rescaled)

        def prepare(text: str) -> list[tf.Tensor]:
            observations = self._episode(model, spec, _read_seed(text)).observations
            return [rescaled(observations, training=False)]

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            episode = self._episode(model, spec, _read_seed(text))
            return relevance_over_the_steps(
                _title(text, spec, target),
                found[0],
                spec.observation_names(),
                episode.actions,
                spec.action_names,
                episode.frames,
            )

        return Explainable(
            model.after_rescaling(),
            prepare,
            score_of_output,
            show,
            axes=1,
            targets=spec.action_names,
        )

    def _explainable_by_frames(
        self, model: DQN, spec: EnvironmentSpec, rescaled: keras.Model
    ) -> Explainable:
        """Each row is one of a few steps of the episode, whose observations are images."""

        def prepare(text: str) -> list[tf.Tensor]:
            observations = self._episode(model, spec, _read_seed(text)).observations
            return [rescaled(observations[evenly_apart(len(observations))], training=False)]

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            episode = self._episode(model, spec, _read_seed(text))
            steps = evenly_apart(len(episode.actions))
            chosen = [f"step {step}: {spec.action_names[episode.actions[step]]}" for step in steps]
            observations = episode.observations[evenly_apart(len(episode.observations))]
            return relevance_in_frames(_title(text, spec, target), observations, found[0], chosen)

        network = model.after_rescaling()
        return Explainable(
            network,
            prepare,
            score_of_output,
            show,
            axes=2,
            targets=spec.action_names,
            layers=layers_with_maps(network),
            images=np.asarray,
            bounds=(-1.0, 1.0),
        )

    @functools.lru_cache(maxsize=2)  # noqa: B019 - measured, then drawn: the same episodes
    def _outcomes(self, model: keras.Model, data: EpisodesToPlay, split: str) -> Outcomes:
        """How the episodes of a split went, in order."""
        episodes = data[split]
        return GreedyPlay(model, episodes).outcomes(
            lambda playing: progress(playing, "Episodes", len(episodes))
        )

    @functools.lru_cache(maxsize=1)  # noqa: B019 - explained, then drawn; the frames are large
    def _episode(self, model: keras.Model, spec: EnvironmentSpec, seed: int) -> Recording:
        """The episode from a seed, played by the function that is exported."""
        policy = self.answers(model, spec)["serving_default"].traced()
        return record_episode(spec.environment, seed, policy)


def _observation_kind(spec: EnvironmentSpec) -> Kind:
    """What the environment shows of itself; where that has no bounds, some that are drawn well."""
    centre, scale = np.array(spec.centre), np.array(spec.scale)
    bounds = {"low": (centre - scale).tolist(), "high": (centre + scale).tolist()}
    names = {"names": [*spec.observation_names()]} if len(spec.observation_shape) == 1 else {}
    return Kind("observation", f"what {spec.environment} shows of itself", {**names, **bounds})


def _action_kinds(spec: EnvironmentSpec) -> dict[str, Kind]:
    names = {"names": [*spec.action_names]}
    return {
        "action": Kind("action", "the index of the action to take", names),
        "q_values": Kind("action_values", "the return expected of each action", names),
    }


def _title(seed: str, spec: EnvironmentSpec, target: int | None) -> str:
    if target is None:
        return f"The episode from seed {seed}: what its actions' values come from"
    return f"The episode from seed {seed}: what the value of {spec.action_names[target]} comes from"


def _read_seed(text: str) -> int:
    if not text.isdecimal() or len(text) > LONGEST_SEED:
        raise UsageError(
            f"'{in_short(text)}' is no start of an episode; this run takes seeds, whole numbers "
            "such as 7."
        )
    return int(text)


def _told(episode: Recording, seed: int, directory: Path) -> dict[str, Any]:
    """What is said of an episode; its animation is written where there are pictures."""
    record: dict[str, Any] = {
        "return": float(episode.rewards.sum()),
        "length": len(episode.actions),
        "ended": "by its rules" if episode.has_terminated else "by its time limit",
    }
    if episode.frames:
        gif = gif_bytes(episode.frames, episode.frames_per_second)
        record["animation"] = str(write_into(directory, f"episode_{seed}.gif", gif))
    return record


def _episode_figure(episode: Recording, spec: EnvironmentSpec) -> Figure:
    return episode_figure(episode.q_values, episode.actions, spec.action_names, episode.frames)


def _example_observations(spec: EnvironmentSpec) -> np.ndarray:
    """Eight observations from all over the space, whether or not an episode comes there."""
    numbers = np.random.default_rng(0).uniform(-1, 1, (8, *spec.observation_shape))
    shape = spec.observation_shape if len(spec.scale) > 1 else ()
    scale, centre = np.reshape(spec.scale, shape), np.reshape(spec.centre, shape)
    return (centre + scale * numbers).astype(spec.observation_dtype)

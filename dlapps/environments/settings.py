"""The settings of an agent's experience."""

from typing import Annotated

from pydantic import Field, model_validator

from dlapps.config.section import BatchSize, DataSettings, Positive, Section

MOST_EPISODES = 1_000_000


class Exploration(Section):
    """How often an action is drawn at random instead of chosen: a straight line, then constant."""

    start: Annotated[float, Field(ge=0, le=1)] = 1.0
    final: Annotated[float, Field(ge=0, le=1)] = 0.05
    environment_steps: Positive = 10_000
    """Environment steps from `start` to `final`, counted from the first of all."""

    def rate_at(self, environment_steps: int) -> float:
        """The fraction of random actions after so many environment steps."""
        done = min(environment_steps / self.environment_steps, 1.0)
        return self.start + done * (self.final - self.start)


class EnvironmentData(DataSettings):
    """What to play, and what is learned from it.

    Every training step first plays one step in each of `num_environments`, then learns from one
    batch of remembered transitions. So a run takes learning_starts + training.steps *
    num_environments environment steps in all, apart from the episodes that validate.
    """

    name: str
    """gymnasium's name of the environment; `package:Name-v0` imports the package first."""
    num_environments: Positive = 4
    """Environments that are played side by side."""
    learning_starts: Annotated[int, Field(ge=0)] = 1000
    """Environment steps with random actions before the first training step."""
    replay_size: Positive = 50_000
    """Transitions that are remembered; then each new one replaces the oldest."""
    batch_size: BatchSize = 64
    """Remembered transitions to learn from at each training step."""
    exploration: Exploration = Exploration()
    validation_episodes: Annotated[int, Field(gt=0, le=MOST_EPISODES)] = 100
    test_episodes: Annotated[int, Field(gt=0, le=MOST_EPISODES)] = 100

    @model_validator(mode="after")
    def _check_sizes(self):
        if self.replay_size < max(self.learning_starts, self.num_environments):
            raise ValueError(
                "data.replay_size must hold the data.learning_starts and one step of all "
                "data.num_environments"
            )
        return self

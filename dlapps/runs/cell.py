"""One run of a comparison: a config with a seed, and where it lies."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from dlapps.config.files import read_text
from dlapps.config.schema import Config
from dlapps.errors import UsageError
from dlapps.files import sole_user
from dlapps.runs.directory import create_run, read_config, trains_alike
from dlapps.runs.documents import ENVIRONMENT, METRICS, MODEL, read_document
from dlapps.runs.trained import open_run


@dataclasses.dataclass(frozen=True)
class Cell:
    """A config of one seed and fold, to be finished by whoever comes first."""

    config_name: str
    config: Config
    directory: Path

    @classmethod
    def from_json(cls, text: str) -> "Cell":
        """What another process wrote by `to_json`."""
        told = json.loads(text)
        name = told["config_name"]
        config = read_config(told["application"], told["config"], name)
        return cls(name, config, Path(told["directory"]))

    def to_json(self) -> str:
        """All of it, on one line."""
        return json.dumps(
            {
                "application": self.application,
                "config_name": self.config_name,
                "config": self.config.to_yaml(),
                "directory": str(self.directory),
            }
        )

    @property
    def application(self) -> str:
        """The name of the run's application."""
        return self.config.application

    @property
    def name(self) -> str:
        """What it is called where people read of it."""
        return f"{self.config_name}, seed {self.directory.name}"

    def is_finished(self) -> bool:
        """Whether it was trained to the end that the config asks for, and measured.

        By what its documents say: one whose data or ingredients may be others is trained again as
        any run is, which finds out, and is then done without a step or refused.
        """
        if not all((self.directory / name).exists() for name in (MODEL, METRICS)):
            return False
        path = self.directory / "config.yaml"
        before = read_config(self.application, read_text(path), str(path))
        return (
            trains_alike(before, self.config)
            and before.training.steps == self.config.training.steps
            and before.data == self.config.data
            and before.evaluation.measures_like(self.config.evaluation)
            and self._has_the_same_ingredients()
        )

    def _has_the_same_ingredients(self) -> bool:
        if not self.config.ingredients():
            return True
        try:
            now = create_run(self.application, self.config, self.directory).ingredients()
        except UsageError:  # One of them is being trained, or gone.
            return False
        return read_document(self.directory / ENVIRONMENT)["ingredients"] == now

    def finish(self, on_step: Callable[[int, Mapping[str, float]], None]) -> None:
        """Trains and measures it, where that was not done; `on_step` is told of the training.

        Raises InUse where another process does.
        """
        run = create_run(self.application, self.config, self.directory)
        run.train(self.config_name, on_step)
        trained = open_run(self.application, self.directory)
        with sole_user(self.directory):
            if not (self.directory / METRICS).exists():
                trained.evaluate()

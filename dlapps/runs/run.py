"""A run is a directory: train into it, then evaluate, predict, export and explain from it."""

import dataclasses
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from dlapps.applications.base import Application
from dlapps.config.schema import Config
from dlapps.data.splits import Splits
from dlapps.runs.machine import describe_environment
from dlapps.errors import UsageError
from dlapps.files import sole_user, write_atomically, writing_to
from dlapps.training.checkpoints import CheckpointStore
from dlapps.training.distribution import choose_strategy, is_chief
from dlapps.training.hardware import choose_device, choose_precision
from dlapps.training.history import read_history
from dlapps.training.loop import train

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Run:
    """One training run on disk and what it was asked to do."""

    directory: Path
    application: Application

    @property
    def config(self) -> Config:
        """The settings the run was trained with."""
        return self.application.config

    @property
    def name(self) -> str:
        """The name of its config."""
        return self.read_json("environment.json")["config"]

    @property
    def _model_path(self) -> Path:
        return self.directory / "model.keras"

    def has_begun(self) -> bool:
        """Whether anything was trained here that a changed config would make worthless."""
        return any((self.directory / "checkpoints").glob("step-*")) or self._model_path.exists()

    def train(
        self, config_name: str, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> dict[str, Any]:
        """Trains from where the run stands to its end; returns where that was.

        `config_name` is what exports of this run will be called.
        """
        if not is_chief():
            return self._train(config_name, callbacks)
        with sole_user(self.directory):
            return self._train(config_name, callbacks)

    def _train(self, config_name: str, callbacks: Sequence[keras.callbacks.Callback]) -> dict:
        began = time.monotonic()
        settings = self.config.training
        choose_device(settings.device)
        strategy = choose_strategy(settings)
        keras.config.set_dtype_policy(choose_precision(settings.precision))
        data = self.application.build_data()
        environment = {"config": config_name, **describe_environment(data)}
        if self.has_begun() and not self._was_trained_on(data):
            raise UsageError(
                f"The data of {self.directory} have changed since its training began. Put them "
                "back, or train in another directory with --run."
            )
        if is_chief():
            self._write_json("data.json", dataclasses.asdict(data.spec))
            self._write_json("environment.json", environment)
        # Last before the model: preparing data for the first time draws random numbers too.
        keras.utils.set_random_seed(self.config.seed)
        with strategy.scope():
            model = self.application.build_model(data.spec)
            progress = train(
                model,
                self.application.training_batches(model, data),
                settings,
                self.directory,
                validation=self.application.validation(model, data),
                callbacks=callbacks,
            )
        if is_chief():
            self._save_model(model)
        return {
            "run": str(self.directory),
            "step": progress.step,
            "best_step": progress.best_step,
            f"best_validation_{settings.monitor}": progress.best_value,
            "seconds": round(time.monotonic() - began, 1),
        }

    def _was_trained_on(self, data: Splits) -> bool:
        before = self.read_json("environment.json")["data_fingerprints"]
        return self._has_spec_of(data) and before == data.fingerprints()

    def _has_spec_of(self, data: Splits) -> bool:
        as_written = json.loads(json.dumps(dataclasses.asdict(data.spec)))
        return as_written == self.read_json("data.json")

    def _save_model(self, model: keras.Model) -> None:
        beside = self.directory / ".model.partial.keras"
        try:
            with writing_to(self.directory):
                model.save(beside)
                beside.replace(self._model_path)
        finally:
            beside.unlink(missing_ok=True)

    def evaluate(self) -> dict[str, dict[str, Any]]:
        """The metrics on the test and the validation split, also kept in metrics.json."""
        model, data = self.load_model(), self.load_data()
        metrics = {
            split: self.application.evaluate(model, examples, data.spec)
            for split, examples in data.named().items()
            if split != "train"
        }
        self._write_json("metrics.json", metrics)
        return metrics

    def predict(self, inputs: Sequence[str], directory: Path | None = None) -> list[dict]:
        """One record of answers for each input; files go to `directory`, or to predictions/."""
        directory = directory or self.directory / "predictions"
        return self.application.predict(self.load_model(), self.load_spec(), inputs, directory)

    def export(self, directory: Path, name: str | None = None) -> Path:
        """Writes `directory/<name>/<version>` and returns it; `name` is by default its config's."""
        name = self.name if name is None else name
        if Path(name).name != name or name in ("", ".."):
            raise UsageError(f"{name!r} cannot name a model; a name has no folders in it.")
        return self.application.export(self.load_model(), self.load_spec(), directory / name)

    def load_model(self) -> keras.Model:
        """The trained model."""
        path = self._model_path
        if not path.exists():
            newest = CheckpointStore(self.directory / "checkpoints").newest()
            step = newest.progress.step if newest else 0
            raise UsageError(
                f"The run {self.directory} has not finished training: it is at step {step} of "
                f"{self.config.training.steps}. The same train command continues it."
            )
        try:
            return keras.saving.load_model(path, compile=False)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{path} is unreadable ({str(error).splitlines()[0]}). Training again with the "
                "same command writes it anew from the last checkpoint."
            ) from error

    def load_spec(self) -> Any:
        """What the model knows of its data."""
        return self.application.Spec(**self.read_json("data.json"))

    def load_data(self) -> Splits:
        """The data the run was trained on, read again; a change is refused or said."""
        data = self.application.build_data()
        if not self._has_spec_of(data):
            raise UsageError(
                f"The data of {self.directory} are no longer what it was trained on: they were "
                f"{self.load_spec()} and are {data.spec}."
            )
        if not self._was_trained_on(data):
            logger.warning(
                "The examples have changed since %s was trained; some of those it is measured on "
                "may be among those it learned from.",
                self.directory,
            )
        return data

    def history(self) -> list[dict[str, float]]:
        """The rows of history.csv."""
        return read_history(self.directory / "history.csv")

    def read_json(self, name: str) -> dict[str, Any]:
        """One of the run's JSON files."""
        try:
            return json.loads((self.directory / name).read_text())
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.directory / name} is missing or unreadable.") from error

    def _write_json(self, name: str, values: Any) -> None:
        with writing_to(self.directory):
            write_atomically(self.directory / name, json.dumps(values, indent=1) + "\n")

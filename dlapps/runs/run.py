"""A run is a directory: training into it, and going on where it stopped."""

import dataclasses
import functools
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import pydantic

from dlapps.applications.base import Application
from dlapps.config.files import load_yaml, read_text
from dlapps.config.schema import Config
from dlapps.config.section import Section
from dlapps.data.splits import Data
from dlapps.errors import UsageError, in_short
from dlapps.files import digest_of, filled_alone, json_text, write_atomically, writing_to
from dlapps.runs.documents import DATA, ENVIRONMENT, METRICS, MODEL, is_as_written, read_document
from dlapps.runs.machine import describe_machine, peak_memory
from dlapps.training.checkpoints import Progress
from dlapps.training.distribution import choose_strategy, is_chief
from dlapps.training.hardware import choose_device, choose_precision, dtype_policy
from dlapps.training.history import read_history, seconds_of_steps
from dlapps.training.loop import (
    OnStep,
    catch_stop_signals,
    checkpoints_of,
    restore_ended,
    told_nobody,
    train,
)
from dlapps.training.stage import Stage, stage_seed

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Run:
    """One training run on disk and what it was asked to do; its data are built once."""

    directory: Path
    application: Application

    @property
    def config(self) -> Config:
        """The settings the run was trained with."""
        return self.application.config

    @property
    def _model_path(self) -> Path:
        return self.directory / MODEL

    def has_begun(self) -> bool:
        """Whether anything was trained here that a changed config would make worthless."""
        return any(self.directory.glob("checkpoints/*/step-*")) or self._model_path.exists()

    def is_finished(self) -> bool:
        """Whether there is a model that was trained to the end."""
        return self._model_path.exists()

    def _has_learned(self) -> bool:
        return self.has_begun() or (self.directory / "history.csv").exists()

    def train(self, config_name: str, on_step: OnStep = told_nobody) -> dict[str, Any]:
        """Trains from where the run stands to its end; returns where that was.

        `config_name` is what exports of this run will be called. `on_step` is told of each step
        of each stage, as `dlapps.training.loop.train` says.
        """
        if not is_chief():
            return self._train(config_name, on_step)
        with filled_alone(self.directory, self._has_learned):
            return self._train(config_name, on_step)

    def _train(self, config_name: str, on_step: OnStep) -> dict[str, Any]:
        began = time.monotonic()
        settings = self.config.training
        for doubt in settings.doubts():
            logger.warning(doubt)
        choose_device(settings.device)
        strategy = choose_strategy(settings)
        ingredients = self.ingredients()
        data = self._built_data
        if self.has_begun():
            self._refuse_changes(data, ingredients)
        precision = self._choose_precision(data.spec)
        with dtype_policy(precision), strategy.scope():
            environment = {
                "config": config_name,
                **describe_machine(),
                "precision": precision,
                "ingredients": ingredients,
            }
            model, stage, progress = self._go_through_stages(data, environment, on_step)
        if is_chief() and not self._model_path.exists():
            # What was measured while it was on its way is not true of what it has become.
            with writing_to(self.directory):
                (self.directory / METRICS).unlink(missing_ok=True)
        if is_chief() and not self._has_whole_model():
            self._save_model(self._in_precision(model, precision, data.spec))
        if is_chief() and read_text(self.directory / "config.yaml") != self.config.to_yaml():
            # What it is asked to be may take no step from what it is.
            if not self._was_measured_alike():
                with writing_to(self.directory):
                    (self.directory / METRICS).unlink(missing_ok=True)
            self._write("config.yaml", self.config.to_yaml())
        return {
            "run": str(self.directory),
            "step": progress.step,
            "best_step": progress.best_step,
            f"best_validation_{stage.settings.monitor}": progress.best_value,
            "seconds": round(time.monotonic() - began, 1),
        }

    def _was_measured_alike(self) -> bool:
        """Whether the config that lies here has the run measured as the one it is given now."""
        path = self.directory / "config.yaml"
        before = type(self.config).model_validate(load_yaml(read_text(path), str(path)))
        return before.evaluation.measures_like(self.config.evaluation)

    def _choose_precision(self, spec: Section) -> str:
        """What a run began with it goes on with, on whatever machine."""
        setting = self.config.training.precision
        if setting == "auto" and self.has_begun():
            setting = self.read_json(ENVIRONMENT)["precision"]
        return choose_precision(setting, lambda: self.application.build_model(spec))

    def _go_through_stages(
        self, data: Data, environment: dict[str, Any], on_step: OnStep
    ) -> tuple[keras.Model, Stage, Progress]:
        """The trained model, its last stage, and where that ended; stages that are whole stay so.

        What describes the run is written when it is certain that there is something to learn.
        """
        seed, first_step = self.config.seed, 0
        # Last before the model: preparing data for the first time draws random numbers too.
        keras.utils.set_random_seed(seed)
        model = self.application.build_model(data.spec)
        with catch_stop_signals() as stop:
            for number, stage in enumerate(self.application.stages(model, data), 1):
                progress = restore_ended(stage, self.directory)
                if progress is None:
                    self._refuse_lost_checkpoints(stage)
                    if is_chief():
                        self._describe(data, environment)
                    progress = train(
                        stage, self.directory, first_step=first_step, on_step=on_step, stop=stop
                    )
                first_step += progress.step
                keras.utils.set_random_seed(stage_seed(seed, number))
        assert progress is not None, "there is at least one stage"
        return model, stage, progress

    def _refuse_lost_checkpoints(self, stage: Stage) -> None:
        """A trained model is not replaced by one that begins anew because its checkpoints broke."""
        if self._model_path.exists() and checkpoints_of(stage, self.directory).newest() is None:
            raise UsageError(
                f"{self.directory} has a trained model, but no whole checkpoint that training "
                "could go on from. Use the model as it is, or start over with --fresh."
            )

    def _describe(self, data: Data, environment: Mapping[str, Any]) -> None:
        """Writes what the run is asked to do, with what and on what."""
        # What was trained before is no longer the end; its weights are in the checkpoints.
        with writing_to(self.directory):
            self._model_path.unlink(missing_ok=True)
        self._write("config.yaml", self.config.to_yaml())
        self._write(DATA, data.spec.model_dump_json(indent=1) + "\n")
        described = {
            **environment,
            "examples": {name: len(split) for name, split in data.splits.items()},
            "data_fingerprints": self._fingerprints,
            "digests": {DATA: digest_of(self.directory / DATA)},
        }
        self._write_json(ENVIRONMENT, described)

    def ingredients(self) -> dict[str, str]:
        """The SHA-256 of the model of each run that the config names, by its setting.

        Raises UsageError where one is no run with a model.
        """
        return {
            setting: _digest_of_ingredient(setting, path, application)
            for setting, path, application in self.config.ingredients()
        }

    @functools.cached_property
    def _built_data(self) -> Data:
        return self.application.build_data()

    @functools.cached_property
    def _fingerprints(self) -> dict[str, str]:
        return self._built_data.fingerprints()

    def _was_trained_on(self, data: Data) -> bool:
        before = self.read_json(ENVIRONMENT)["data_fingerprints"]
        return self.load_spec() == data.spec and before == self._fingerprints

    def _refuse_changes(self, data: Data, ingredients: Mapping[str, str]) -> None:
        """A run goes on with what it began with."""
        if not self._was_trained_on(data):
            raise UsageError(
                f"The data of {self.directory} have changed since its training began. Put them "
                "back, or train in another directory with --run."
            )
        before = self.read_json(ENVIRONMENT)["ingredients"]
        for name, digest in ingredients.items():
            if before.get(name) != digest:
                raise UsageError(
                    f"{name}: the run it names has changed since the training of {self.directory} "
                    "began. Put it back, or train in another directory with --run."
                )

    def _in_precision(self, model: keras.Model, precision: str, spec: Section) -> keras.Model:
        """The trained model, or one like it that computes as it is to be measured and asked."""
        if self.config.evaluation.precision == precision:
            return model
        twin = self._untrained(spec)
        for new, trained in zip(twin.variables, model.variables, strict=True):
            new.assign(keras.ops.convert_to_numpy(trained))
        return twin

    def _untrained(self, spec: Section) -> keras.Model:
        """The model before training, in the precision in which it is to be measured and asked."""
        with dtype_policy(self.config.evaluation.precision):
            return self.application.build_model(spec)

    def _has_whole_model(self) -> bool:
        """Whether it is there; written again, it would be refused where it is an ingredient."""
        return self._model_path.exists() and is_as_written(self.directory, MODEL)

    def _save_model(self, model: keras.Model) -> None:
        beside = self.directory / ".model.partial.keras"
        try:
            with writing_to(self.directory):
                model.save(beside)
                environment = self.read_json(ENVIRONMENT)
                digests = {**environment["digests"], MODEL: digest_of(beside)}
                costs = self._costs(model)
                self._write_json(ENVIRONMENT, {**environment, **costs, "digests": digests})
                beside.replace(self._model_path)
        finally:
            beside.unlink(missing_ok=True)

    def _costs(self, model: keras.Model) -> dict[str, float]:
        """What a trained model took."""
        rows = read_history(self.directory / "history.csv")
        return {
            "steps": int(rows[-1]["step"]) if rows else 0,
            "seconds_of_steps": round(seconds_of_steps(rows), 1),
            "peak_memory": peak_memory(),
            "load_average": round(os.getloadavg()[2], 1),
            "parameters": model.count_params(),
        }

    def load_spec(self) -> Section:
        """What the model knows of its data."""
        path = self.directory / DATA
        try:
            if not is_as_written(self.directory, DATA):
                raise UsageError(
                    f"{path} is not the one that this run wrote: it was damaged or replaced. Put "
                    "it back, or start over with --fresh."
                )
            return self.application.spec_class.model_validate_json(path.read_bytes())
        except OSError as error:
            raise UsageError(f"{path} is missing or unreadable.") from error
        except pydantic.ValidationError as error:
            raise UsageError(f"{path} is not what this application writes.") from error

    def read_json(self, name: str) -> dict[str, Any]:
        """`environment.json` or `metrics.json`."""
        return read_document(self.directory / name)

    def _write_json(self, name: str, values: Any) -> None:
        self._write(name, json_text(values) + "\n")

    def _write(self, name: str, contents: str) -> None:
        with writing_to(self.directory):
            write_atomically(self.directory / name, contents)


def _digest_of_ingredient(setting: str, run: Path, application: str) -> str:
    """The SHA-256 of the trained model of a run that the config names under `setting`."""
    try:
        digest = digest_of(run / MODEL)
        owner = load_yaml(read_text(run / "config.yaml"), str(run)).get("application")
    except OSError as error:
        raise UsageError(
            f"{setting}: {run} is no finished run. Name the directory of one, such as "
            f"runs/{application}/.../0; the train command finishes one that is not."
        ) from error
    if owner != application:
        raise UsageError(
            f"{setting}: {run} is a run of {in_short(str(owner))}; one of {application} is wanted."
        )
    if not is_as_written(run, MODEL):
        raise UsageError(f"{setting}: the model of {run} was damaged or replaced after training.")
    return digest

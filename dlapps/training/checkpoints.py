"""Checkpoints on disk: whole or absent, verified before they are trusted, pruned to a few."""

import contextlib
import dataclasses
import functools
import logging
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import pydantic
import tensorflow as tf

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import Batches
from dlapps.errors import DlappsError, reason
from dlapps.files import digest_of, new_directory
from dlapps.training.averages import averages_of
from dlapps.training.optimizers import optimizers_of

logger = logging.getLogger(__name__)

KEPT = 2
MANIFEST = "manifest.json"


@dataclasses.dataclass(frozen=True)
class Progress:
    """The step a run has reached and what it has learned from validation."""

    step: pydantic.NonNegativeInt = 0
    best_step: int | None = None
    best_value: float | None = None
    validations_without_improvement: int = 0

    def after_validation(self, value: float, settings: TrainingSettings) -> "Progress":
        """The progress once `value` of the monitored metric was measured at this step.

        A value that is infinite or no number is no improvement, even as the first.
        """
        stopping = settings.early_stopping
        margin = stopping.min_delta if stopping else 0.0
        sign = 1.0 if settings.mode == "max" else -1.0
        is_better = self.best_value is None or sign * (value - self.best_value) > margin
        if is_better and math.isfinite(value):
            return dataclasses.replace(
                self, best_step=self.step, best_value=value, validations_without_improvement=0
            )
        return dataclasses.replace(
            self, validations_without_improvement=self.validations_without_improvement + 1
        )

    def at(self, step: int) -> "Progress":
        """The same progress at another step."""
        return dataclasses.replace(self, step=step)

    def is_stopped_early(self, settings: TrainingSettings) -> bool:
        """Whether patience has run out."""
        stopping = settings.early_stopping
        return stopping is not None and self.validations_without_improvement >= stopping.patience

    def is_over(self, settings: TrainingSettings) -> bool:
        """Whether there is nothing left to learn."""
        return self.step >= settings.steps or self.is_stopped_early(settings)


class CheckpointError(DlappsError):
    """A checkpoint could not be written or read."""


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint on disk."""

    directory: Path
    progress: Progress


def make_slots(model: keras.Model) -> None:
    """Has a lone optimizer make its variables now.

    First made while the steps are traced, inside a loop, they could not always be lifted out of
    it. Several optimizers share out the weights in a way that only the model knows; it builds them.
    """
    optimizers = list(optimizers_of(model).values())
    if len(optimizers) == 1:
        optimizers[0].build(model.trainable_variables)


def variables_by_owner(model: keras.Model) -> dict[str, list[tf.Variable]]:
    """Everything that changes while `model` trains, each variable once.

    `model` are weights and seeds, `optimizers` their slots; `metrics` come into being only when
    the first step is traced.
    """
    averages = averages_of(model)
    owners = {
        "model": model.variables,
        "optimizers": [v for o in optimizers_of(model).values() for v in o.variables],
        "averages": averages.variables if averages else [],
        "metrics": model.metrics_variables,
    }
    first_owner: dict[int, str] = {}
    for owner, variables in owners.items():
        for variable in variables:
            first_owner.setdefault(id(variable), owner)
    return {
        owner: list({id(v): v.value for v in variables if first_owner[id(v)] == owner}.values())
        for owner, variables in owners.items()
    }


class CheckpointStore:
    """The checkpoints of one stage of a run: the newest two, and the best of each.

    Reading distributed variables takes every worker, so every worker saves; `keeps` is true for
    the one whose files are kept.
    """

    def __init__(self, directory: Path, keeps: bool = True):
        self.directory = directory
        self.keeps = keeps

    def save(self, model: keras.Model, batches: Batches, progress: Progress) -> Path:
        """Writes a checkpoint and forgets those no longer needed; returns its directory."""
        target = self.path_of(progress.step)
        if not self.keeps:
            with tempfile.TemporaryDirectory() as directory:
                _write_variables(model, Path(directory))
            return target
        try:
            with new_directory(target) as directory:
                _write_variables(model, directory)
                batches.save(directory)
                write_manifest(directory, progress)
        except (OSError, tf.errors.OpError) as error:
            raise CheckpointError(
                f"The checkpoint at step {progress.step} could not be written to {self.directory}: "
                f"{reason(error)}. {self.describe_last_good()}"
            ) from error
        self._prune()
        return target

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole, or None; broken ones are named in the log."""
        broken: list[BrokenCheckpoint] = []
        for directory in self._directories():
            try:
                found = Checkpoint(directory, read_manifest(directory))
            except BrokenCheckpoint as error:
                broken.append(error)
            else:
                for each in broken:
                    _warn_once(f"{each} Using that of step {found.progress.step}.")
                return found
        for each in broken:
            _warn_once(f"{each} There is no whole one before it.")
        return None

    def restore(self, checkpoint: Checkpoint, model: keras.Model, batches: Batches) -> None:
        """Puts model, optimizers, metrics and batches back to where `checkpoint` was taken."""
        with _fitting(checkpoint):
            _reading(checkpoint, variables_by_owner(model)).assert_consumed()
            batches.restore(checkpoint.directory)

    def restore_model(self, checkpoint: Checkpoint, model: keras.Model) -> None:
        """Puts weights, seeds and optimizers back; the model need not have been trained here."""
        make_slots(model)
        variables = variables_by_owner(model)
        del variables["metrics"]
        with _fitting(checkpoint):
            status = _reading(checkpoint, variables)
            status.assert_existing_objects_matched().expect_partial()

    def best(self) -> Checkpoint | None:
        """The checkpoint that validated best, as the newest whole one remembers it.

        None when nothing was validated, or when the best is broken, which is said in the log.
        """
        newest = self.newest()
        if newest is None or newest.progress.best_step is None:
            return None
        directory = self.path_of(newest.progress.best_step)
        try:
            return Checkpoint(directory, read_manifest(directory))
        except BrokenCheckpoint as error:
            _warn_once(f"{error} Keeping the last weights in place of the best.")
            return None

    def path_of(self, step: int) -> Path:
        """Where the checkpoint of a step lies."""
        return self.directory / f"step-{step:09d}"

    def describe_last_good(self) -> str:
        """A sentence that names the newest whole checkpoint."""
        newest = self.newest()
        if newest is None:
            return "There is no earlier checkpoint."
        return f"The last good checkpoint is {newest.directory}."

    def _directories(self) -> list[Path]:
        return sorted(self.directory.glob("step-*"), reverse=True)

    def _prune(self) -> None:
        """Deletes all but the newest two, their best, and what a killed process left half-made."""
        keep: set[str] = set()
        whole = 0
        for directory in self._directories():
            if whole == KEPT:
                break
            try:
                progress = read_manifest(directory, verify=False)
            except BrokenCheckpoint:
                continue
            whole += 1
            keep.add(directory.name)
            if progress.best_step is not None:
                keep.add(self.path_of(progress.best_step).name)
        for directory in (*self._directories(), *self.directory.glob(".step-*.partial")):
            if directory.name not in keep:
                shutil.rmtree(directory, ignore_errors=True)


@functools.cache
def _warn_once(message: str) -> None:
    """A checkpoint is looked at by whoever needs it; that it is broken is said the first time."""
    logger.warning(message)


@contextlib.contextmanager
def _fitting(checkpoint: Checkpoint) -> Iterator[None]:
    """A block whose reading of a checkpoint, where it does not fit, ends in one sentence."""
    try:
        yield
    except (AssertionError, KeyError, OSError, ValueError, tf.errors.OpError) as error:
        raise CheckpointError(
            f"{checkpoint.directory} does not fit this model; it was written by another "
            "architecture or version. Start over with --fresh."
        ) from error


def _reading(checkpoint: Checkpoint, variables: Mapping[str, list[tf.Variable]]) -> Any:
    return tf.train.Checkpoint(**variables).read(str(checkpoint.directory / "model"))


def _write_variables(model: keras.Model, directory: Path) -> None:
    tf.train.Checkpoint(**variables_by_owner(model)).write(str(directory / "model"))


class BrokenCheckpoint(ValueError):
    """A checkpoint is truncated, corrupt or incomplete."""


class Manifest(pydantic.BaseModel):
    """Where a run stood when a checkpoint was taken, and the digest of each of its files."""

    progress: Progress
    files: dict[str, str]


def write_manifest(directory: Path, progress: Progress) -> None:
    """Writes the manifest of all files in `directory`; the last one of a checkpoint."""
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    digests = {str(file.relative_to(directory)): digest_of(file) for file in files}
    manifest = Manifest(progress=progress, files=digests)
    (directory / MANIFEST).write_text(manifest.model_dump_json(indent=1))


def read_manifest(directory: Path, verify: bool = True) -> Progress:
    """Where the run stood; with `verify`, only after every file was found to be as written."""
    try:
        manifest = Manifest.model_validate_json((directory / MANIFEST).read_bytes())
        for name, digest in manifest.files.items() if verify else ():
            if digest_of(directory / name) != digest:
                raise BrokenCheckpoint(f"Checkpoint {directory}: {name} is truncated or corrupt.")
        return manifest.progress
    except BrokenCheckpoint:
        raise
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise BrokenCheckpoint(f"Checkpoint {directory}: {missing} is missing.") from error
    except (OSError, ValueError) as error:
        raise BrokenCheckpoint(f"Checkpoint {directory}: {MANIFEST} is unreadable.") from error

"""Checkpoints on disk: whole or absent, verified before they are trusted, pruned to a few."""

import dataclasses
import logging
import shutil
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from dlapps.data.batches import Batches
from dlapps.errors import DlappsError
from dlapps.files import new_directory
from dlapps.training.manifest import BrokenCheckpoint, read_manifest, write_manifest
from dlapps.training.optimizers import optimizers_of
from dlapps.training.progress import Progress

logger = logging.getLogger(__name__)

KEPT = 2


class CheckpointError(DlappsError):
    """A checkpoint could not be written or read."""


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint on disk."""

    directory: Path
    progress: Progress


def all_variables(model: keras.Model) -> list[tf.Variable]:
    """Everything that changes while `model` trains: weights, seeds, metrics, optimizers."""
    unique = {
        id(variable): variable
        for variables in (
            model.variables,
            model.metrics_variables,
            *(optimizer.variables for optimizer in optimizers_of(model).values()),
        )
        for variable in variables
    }
    return [variable.value for variable in unique.values()]


class CheckpointStore:
    """The checkpoints of one run: the newest two, and the best of each.

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
                f"{_reason(error)}. {self.describe_last_good()}"
            ) from error
        self._prune()
        return target

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole, or None; broken ones are named in the log."""
        for directory in self._directories():
            try:
                return Checkpoint(directory, read_manifest(directory))
            except BrokenCheckpoint as error:
                logger.warning("%s Using the one before it.", error)
        return None

    def restore(self, checkpoint: Checkpoint, model: keras.Model, batches: Batches) -> None:
        """Puts model and batches back to where `checkpoint` was taken."""
        self.restore_model(checkpoint, model)
        batches.restore(checkpoint.directory)

    def restore_model(self, checkpoint: Checkpoint, model: keras.Model) -> None:
        """Puts every variable of `model` and its optimizers back."""
        reader = tf.train.Checkpoint(variables=all_variables(model))
        try:
            reader.read(str(checkpoint.directory / "model")).assert_consumed()
        except (AssertionError, ValueError, tf.errors.OpError) as error:
            raise CheckpointError(
                f"{checkpoint.directory} does not fit this model; it was written by another "
                "architecture or version. Start over with --fresh."
            ) from error

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
            logger.warning("%s Keeping the last weights in place of the best.", error)
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
                shutil.rmtree(directory)


def _write_variables(model: keras.Model, directory: Path) -> None:
    tf.train.Checkpoint(variables=all_variables(model)).write(str(directory / "model"))


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") or type(error).__name__

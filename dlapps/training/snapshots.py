"""Snapshots: the weights of a run at a few steps, so that what was learned when can be seen later.

A checkpoint is what training goes on from, and only the last are kept. A snapshot holds the weights
alone, those that a validation would use, and stays.
"""

import io
import math
import re
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlapps.config.training import TrainingSettings
from dlapps.errors import DlappsError, UsageError, reason
from dlapps.files import write_atomically, writing_to
from dlapps.training.averages import averaged_weights

SNAPSHOTS = "snapshots"
MOST_BYTES = 2 * 10**9
"""Of all snapshots of a stage: more was hardly meant."""


class Snapshot(NamedTuple):
    """The weights of a run at a step, on disk."""

    step: int
    path: Path

    def restore(self, model: keras.Model) -> None:
        """Puts the weights into a model; UsageError where they are broken or those of another."""
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                values = [arrays[name] for name in arrays.files]
        except Exception as error:  # NumPy stumbles over a broken archive in any way there is.
            raise UsageError(
                f"{self.path} is not what this program wrote. Delete it to go on without it."
            ) from error
        if [value.shape for value in values] != [weight.shape for weight in model.weights]:
            raise UsageError(
                f"{self.path} holds the weights of another network. Delete it to go on without it."
            )
        for weight, value in zip(model.weights, values, strict=True):
            weight.assign(value)


def read_snapshots(directory: Path) -> list[Snapshot]:
    """The snapshots of the run in `directory`, the first step first."""
    found = (
        (re.fullmatch(r"step-(\d+)\.npz", path.name), path)
        for path in (directory / SNAPSHOTS).glob("step-*.npz")
    )
    return sorted(Snapshot(int(match[1]), path) for match, path in found if match)


def snapshot_steps(settings: TrainingSettings) -> list[int]:
    """At which steps of a stage snapshots are taken: the first, the last, and evenly between."""
    places = np.linspace(0, settings.steps, settings.snapshots)
    return np.unique(places.round().astype(int)).tolist()


class Snapshots:
    """Those of one stage of a run; opening them at a step forgets the later ones, as History does.

    `first_step` is where in the run the stage begins, `step` where in the stage it stands. Weights
    of distributed variables are read by every worker; `keeps` is true for the one that writes them.
    """

    def __init__(
        self, directory: Path, settings: TrainingSettings, first_step: int, step: int, keeps: bool
    ):
        self.directory, self.first_step, self.keeps = directory, first_step, keeps
        self.planned = snapshot_steps(settings)
        if keeps:
            self._forget(step)

    def is_due(self, step: int, is_over: bool) -> bool:
        """Whether one is to be taken at this step; where training ends early, it is the last."""
        return step in self.planned or (is_over and bool(self.planned))

    def next_after(self, step: int, otherwise: int) -> int:
        """The step after this one at which one is due."""
        return next((planned for planned in self.planned if planned > step), otherwise)

    def take(self, model: keras.Model, step: int) -> None:
        """Writes the weights as they stand; DlappsError where that fails."""
        with averaged_weights(model):
            weights = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
        if not self.keeps:
            return
        contents = io.BytesIO()
        np.savez(contents, *weights)
        path = self.directory / SNAPSHOTS / f"step-{self.first_step + step:09d}.npz"
        try:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, contents.getvalue())
        except OSError as error:
            raise DlappsError(
                f"The snapshot of step {step} could not be written: {reason(error)}. The "
                "checkpoints are whole; the same command continues from the last."
            ) from error

    def _forget(self, step: int) -> None:
        """Deletes what was taken after this step, and what a run that is made longer has too many.

        Of those before it stays, for each step that is planned now, the one nearest to it.
        """
        of_stage = [each for each in read_snapshots(self.directory) if each.step >= self.first_step]
        reached = [each for each in of_stage if each.step <= self.first_step + step]
        kept = {
            min(reached, key=lambda each: abs(each.step - self.first_step - planned))
            for planned in self.planned
            if planned <= step and reached
        }
        with writing_to(self.directory):
            for snapshot in set(of_stage) - kept:
                snapshot.path.unlink()


def refuse_too_large(model: keras.Model, settings: TrainingSettings) -> None:
    """Raises UsageError for snapshots that would fill a disk."""
    size = sum(math.prod(each.shape) * tf.as_dtype(each.dtype).size for each in model.weights)
    if size * settings.snapshots > MOST_BYTES:
        fitting = MOST_BYTES // size
        advice = f"ask for at most {fitting}" if fitting > 1 else "leave them out"
        raise UsageError(
            f"training.snapshots: {settings.snapshots} snapshots of {model.name} would take "
            f"{size * settings.snapshots / 1e9:.1f} GB, more than the "
            f"{MOST_BYTES / 1e9:.0f} GB there may be; {advice}."
        )

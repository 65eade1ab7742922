"""Runs that each leave out a fold of another's training split, and what they say of it.

So every example that a run learned from is judged by a model that did not see it.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlapps.applications.base import Classes
from dlapps.data.selection import LEFT_OUT, Fold, fold_numbers
from dlapps.data.splits import Data
from dlapps.errors import UsageError
from dlapps.files import write_into
from dlapps.progress import progress
from dlapps.runs.cell import Cell
from dlapps.runs.directory import create_run
from dlapps.runs.documents import ENVIRONMENT, MODEL, read_document
from dlapps.runs.trained import TrainedRun, open_run

FOLDS, TRAIN = "folds", "train"


def fold_cells(run: TrainedRun, num_folds: int) -> list[Cell]:
    """For each fold a run like `run` that leaves it out, to be finished in `run`'s `folds/`.

    The folds are drawn by the run's seed. Raises UsageError where `run` is itself such a run.
    """
    if run.config.data.model_dump().get(LEFT_OUT):
        raise UsageError(
            f"{run.directory} leaves a fold out (data.{LEFT_OUT}); ask for the suspects of the run "
            "that learned from all of them."
        )
    cells = []
    for number in range(num_folds):
        fold = Fold(number=number, of=num_folds, seed=run.config.seed)
        data = run.config.data.model_copy(update={LEFT_OUT: fold})
        config = run.config.model_copy(update={"data": data, "reference": None})
        directory = run.directory / FOLDS / f"{config.seed}-fold{number}of{num_folds}"
        create_run(config.application, config, directory)
        cells.append(Cell(run.name, config, directory))
    return cells


def out_of_fold(run: TrainedRun, classes: Classes, cells: Sequence[Cell]) -> np.ndarray:
    """float32 [N, C]: what the finished runs of `fold_cells` say of the examples of train.

    Kept in `folds/`, and computed anew where data or models are others than they were then.
    Raises UsageError where a run of a fold was trained on other data than `run` has now.
    """
    train = run.data[TRAIN]
    described = [read_document(cell.directory / ENVIRONMENT) for cell in cells]
    made_of = json.dumps([train.fingerprint(), *(each["digests"].get(MODEL) for each in described)])
    kept = run.directory / FOLDS / f"out_of_fold_{len(cells)}.npz"
    known = _read(kept, made_of)
    if known is not None:
        return known
    folds = fold_numbers(len(train), len(cells), run.config.seed)
    probabilities = np.empty((len(train), len(classes.names)), np.float32)
    for number, cell in enumerate(progress(cells, "Asking the runs of the folds")):
        part = train[folds == number]
        if described[number]["data_fingerprints"].get(LEFT_OUT) != part.fingerprint():
            raise UsageError(
                f"{cell.directory} was trained on other data than those of {run.directory} are "
                f"now. Remove {kept.parent}, and its runs are trained again."
            )
        data = Data({**run.data.splits, LEFT_OUT: part}, run.data.spec)
        model = open_run(run.config.application, cell.directory).model
        probabilities[folds == number] = classes.probabilities(model, data, LEFT_OUT)[1]
    contents = io.BytesIO()
    np.savez_compressed(contents, probabilities=probabilities, made_of=made_of)
    write_into(kept.parent, kept.name, contents.getvalue())
    return probabilities


def _read(path: Path, made_of: str) -> np.ndarray | None:
    """The probabilities that were kept, if they are of the same data and models."""
    try:
        with np.load(path) as kept:
            return kept["probabilities"] if str(kept["made_of"]) == made_of else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None

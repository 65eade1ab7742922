"""The rows of a run's diagnostics.csv: step, layer, quantity, value."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from dlapps.errors import DlappsError, UsageError, reason
from dlapps.files import write_atomically
from dlapps.training.diagnostics import Measured
from dlapps.training.history import EventFile

DIAGNOSTICS = "diagnostics.csv"
COLUMNS = ["step", "layer", "quantity", "value"]


class DiagnosticsRow(NamedTuple):
    """What was measured of a layer at a step."""

    step: int
    layer: str
    quantity: str
    value: float


class DiagnosticsFile:
    """The file of one run; opening it at a step forgets the rows after it, as History does."""

    def __init__(self, directory: Path, step: int, events: EventFile):
        self.path, self._events = directory / DIAGNOSTICS, events
        rows = [row for row in read_diagnostics(self.path) if row.step <= step]
        self._text = _lines([COLUMNS, *rows])

    def add(self, step: int, measured: Sequence[Measured]) -> None:
        """Adds a row for each, and scalars for TensorBoard; DlappsError where that fails."""
        self._text += _lines([(step, *each) for each in measured])
        try:
            self._events.add(
                step, {f"{each.quantity}/{each.layer}": each.value for each in measured}
            )
            write_atomically(self.path, self._text)
        except (OSError, tf.errors.OpError) as error:
            raise DlappsError(
                f"The diagnostics of step {step} could not be written: {reason(error)}. The "
                "checkpoints are whole; the same command continues from the last."
            ) from error


def read_diagnostics(path: Path) -> list[DiagnosticsRow]:
    """The rows of a diagnostics.csv in order; none if there is no file."""
    if not path.exists():
        return []
    try:
        text = path.read_text()
        if not text.endswith("\n"):
            raise ValueError("its last line is cut")
        header, *rows = csv.reader(io.StringIO(text), strict=True)
        if header != COLUMNS:
            raise ValueError("its columns are others")
        return [
            DiagnosticsRow(int(step), layer, quantity, float(value))
            for step, layer, quantity, value in rows
        ]
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(
            f"{path} is not what this program wrote. Delete it to go on without it."
        ) from error


def _lines(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()

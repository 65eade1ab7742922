"""What training measured, step by step: history.csv and TensorBoard's event files."""

import csv
import io
import itertools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from dlapps.errors import DlappsError, UsageError, reason
from dlapps.files import write_atomically


class History:
    """The rows of one run's history.csv; opening it at a step forgets the rows after it."""

    def __init__(self, directory: Path, step: int):
        self.path = directory / "history.csv"
        self.rows = [row for row in read_history(self.path) if row["step"] <= step]
        logs = directory / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.events = EventFile(logs / f"events.out.tfevents.{time.time():.0f}.{step}.dlapps")

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Adds a row and writes it out; DlappsError where that fails."""
        self.rows.append({"step": step, **values})
        try:
            self.events.add(step, values)
            self._write()
        except (OSError, tf.errors.OpError) as error:
            raise DlappsError(
                f"The history of step {step} could not be written: {reason(error)}. The "
                "checkpoints are whole; the same command continues from the last."
            ) from error

    def _write(self) -> None:
        columns = list(dict.fromkeys(column for row in self.rows for column in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, text.getvalue())

    def close(self) -> None:
        """Ends the event file."""
        self.events.close()


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows of a history.csv, numbers where there are any; none if there is no file."""
    if not path.exists():
        return []
    try:
        with path.open(newline="") as file:
            text = file.read()
        if not text.endswith("\n"):
            raise ValueError("its last line is cut")
        return [_numbers(row) for row in csv.DictReader(io.StringIO(text), strict=True)]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise UsageError(
            f"{path} is not a history this program wrote. Delete it to go on without it."
        ) from error


def seconds_of_steps(rows: Sequence[Mapping[str, float]]) -> float:
    """How long the steps of a history took, however often they were interrupted.

    Validations and checkpoints between its rows count, those at a row do not.
    """
    steps = [0.0, *(row["step"] for row in rows)]
    taken = zip(itertools.pairwise(steps), rows, strict=True)
    return sum((after - before) / row["steps_per_second"] for (before, after), row in taken)


def _numbers(row: Mapping[str, str]) -> dict[str, float]:
    # A cell that is there may be empty; one that is not, as in a line cut short, is None.
    values = {key: float(text) for key, text in row.items() if text != ""}
    return {**values, "step": int(row["step"])}


class EventFile:
    """A TensorBoard event file of scalars, written without TensorBoard."""

    def __init__(self, path: Path):
        self._writer = tf.io.TFRecordWriter(str(path))
        self._write(tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Writes one scalar for each value."""
        scalars = [
            tf.compat.v1.Summary.Value(tag=name, simple_value=value)
            for name, value in values.items()
        ]
        summary = tf.compat.v1.Summary(value=scalars)
        self._write(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))
        self._writer.flush()

    def close(self) -> None:
        """Closes the file."""
        self._writer.close()

    def _write(self, event: tf.compat.v1.Event) -> None:
        self._writer.write(event.SerializeToString())

"""What training measured, step by step: history.csv and TensorBoard's event files."""

import csv
import io
import time
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from dlapps.files import write_atomically


class History:
    """The rows of one run's history.csv; opening it at a step forgets the rows after it."""

    def __init__(self, directory: Path, step: int):
        self.path = directory / "history.csv"
        self.rows = [row for row in read_history(self.path) if row["step"] <= step]
        logs = directory / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._events = EventFile(logs / f"events.out.tfevents.{time.time():.0f}.{step}.dlapps")

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Adds a row and writes it out."""
        self.rows.append({"step": step, **values})
        self._events.add(step, values)
        columns = list(dict.fromkeys(column for row in self.rows for column in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, text.getvalue())

    def close(self) -> None:
        """Ends the event file."""
        self._events.close()


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows of a history.csv, numbers where there are any; none if there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            {key: int(text) if key == "step" else float(text) for key, text in row.items() if text}
            for row in csv.DictReader(file)
        ]


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

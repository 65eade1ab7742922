"""What a classifier answers: a word, not an index; its table of names inside the graph."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.errors import UsageError, reason
from dlapps.export.answer import Arrays
from dlapps.export.errors import ExportError
from dlapps.export.kinds import Kind

FILE_NAME = "class_names.txt"


class LabelTable(tf.Module):
    """Looks names up in `assets/class_names.txt`, which the SavedModel carries with it.

    Give the table to an `Answer` among its `resources`. An index past the last name is answered
    with an empty string.
    """

    def __init__(self, class_names: Sequence[str]):
        super().__init__(name="label_table")
        _check(class_names)
        # TensorFlow copies the asset when the SavedModel is written, so the file has to live
        # exactly as long as the table.
        try:
            directory = tempfile.mkdtemp(prefix="dlapps-labels-")
            weakref.finalize(self, shutil.rmtree, directory, ignore_errors=True)
            path = Path(directory) / FILE_NAME
            path.write_text("".join(f"{name}\n" for name in class_names), "utf-8", newline="\n")
        except OSError as error:
            raise ExportError(f"The class names cannot be written: {reason(error)}.") from error
        lines = tf.lookup.TextFileInitializer(
            str(path),
            key_dtype=tf.int64,
            key_index=tf.lookup.TextFileIndex.LINE_NUMBER,
            value_dtype=tf.string,
            value_index=tf.lookup.TextFileIndex.WHOLE_LINE,
            vocab_size=len(class_names),
        )
        self._table = tf.lookup.StaticHashTable(lines, default_value="")

    def labels(self, indices: tf.Tensor) -> tf.Tensor:
        """The names, as UTF-8 strings, of class indices of any shape and integer type."""
        return self._table.lookup(tf.cast(indices, tf.int64))


def _check(class_names: Sequence[str]) -> None:
    if not class_names:
        raise UsageError("There are no class names to export.")
    for name in class_names:
        # Also the breaks that only Unicode knows: a reader of the file may split at those.
        if name.splitlines() != [name]:
            raise UsageError(
                f"The class name {name!r} is not one line of text; rename the class without "
                "line breaks."
            )
        try:
            name.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UsageError(
                f"The class name {name!r} is not valid Unicode; rename the class."
            ) from error


def class_answer(probabilities: tf.Tensor, table: LabelTable) -> dict[str, tf.Tensor]:
    """`label` [N] and `probabilities` [N, C], inside a graph."""
    labels = table.labels(tf.argmax(probabilities, axis=-1))
    return {"label": labels, "probabilities": probabilities}


def class_kinds(class_names: Sequence[str]) -> dict[str, Kind]:
    """The `output_kinds` of an Answer that gives a `class_answer`."""
    return {
        "label": Kind("class_label", "the name of the likeliest class"),
        "probabilities": Kind(
            "class_probabilities",
            f"the probability of each of the {len(class_names)} classes, in order",
            {"names": [*class_names]},
        ),
    }


def expected_class_answer(logits: np.ndarray, class_names: Sequence[str]) -> dict[str, np.ndarray]:
    """The same of logits [N, C] that Keras itself computed, for the parity check."""
    logits = logits.astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    names = np.array([class_names[i].encode() for i in logits.argmax(axis=1)], object)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return {"label": names, "probabilities": probabilities.astype(np.float32)}


def show_class(class_names: Sequence[str]) -> Callable[..., dict[str, Any]]:
    """The `show` of an Answer that gives a `class_answer`: the label and the probabilities."""

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        row = outputs["probabilities"][0].tolist()
        return {
            "label": outputs["label"][0].decode(),
            "probabilities": dict(zip(class_names, row, strict=True)),
        }

    return show

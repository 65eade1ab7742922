"""What a classifier answers, whatever it takes: the class, all probabilities, how sure they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from dlapps.applications.classification.uncertainty import (
    UNCERTAINTY_KINDS,
    AskedClassifier,
    show_uncertainty,
)
from dlapps.export.answer import Arrays
from dlapps.export.class_names import (
    LabelTable,
    class_answer,
    class_kinds,
    expected_class_answer,
    show_class,
)
from dlapps.export.kinds import Kind


class ClassAnswers:
    """The answers to what enters the network, and how they are shown and checked."""

    def __init__(self, asked: AskedClassifier, class_names: tuple[str, ...]):
        self._asked, self._class_names = asked, class_names
        self.table = LabelTable(class_names)
        self.kinds: Mapping[str, Kind] = class_kinds(class_names) | UNCERTAINTY_KINDS

    def answer(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """The class, the probabilities [N, C] of all, and how sure they are; for a graph."""
        answered = self._asked.answer(x)
        return class_answer(answered["probabilities"], self.table) | answered

    def expected(self, x: Any) -> Arrays:
        """The same by another path, for the parity check."""
        logits, uncertainty = self._asked.expected(x)
        return expected_class_answer(logits, self._class_names) | uncertainty

    def show(self, text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        """The record of one input."""
        shown = show_class(self._class_names)(text, outputs, directory, name)
        return shown | show_uncertainty(outputs)

"""What a classifier takes, be it images, points or texts: the part in which they differ."""

import abc
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import keras
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.classification.uncertainty import AskedClassifier, Prediction
from dlapps.data.batches import Columns
from dlapps.data.images.labelled import LabelledSpec
from dlapps.data.splits import Examples
from dlapps.explain.explainable import Explainable
from dlapps.explain.figures.examples import Drawing
from dlapps.explain.over_time import OverTime
from dlapps.export.answer import Answer

SpecT = TypeVar("SpecT", bound=LabelledSpec)


class Inputs(abc.ABC, Generic[SpecT]):
    """How inputs of one kind are prepared, answered, explained and drawn."""

    length: str | None = None
    """The column of lengths, where inputs are padded to the longest of their batch."""

    def __init__(self, spec: SpecT):
        self.spec = spec

    @property
    def size(self) -> Any:
        """What the builder of a network must know of its inputs: the shape of one."""
        return self.spec.input_shape

    @abc.abstractmethod
    def of_batch(self, columns: Columns) -> tf.Tensor:
        """What the network takes of a batch of examples."""

    def pair_of_batch(self, columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
        """What a training or evaluation step takes: the network's inputs and their labels."""
        return self.of_batch(columns), columns["label"]

    @abc.abstractmethod
    def answers(self, asked: AskedClassifier, batch_size: int) -> dict[str, Answer]:
        """The signatures of an exported model; `batch_size` is that of the examples by which other
        formats are compared."""

    @abc.abstractmethod
    def explainable(self, asked: AskedClassifier) -> Explainable:
        """How to look into the model while it answers one input."""

    @abc.abstractmethod
    def pictures(
        self, asked: AskedClassifier, test: Examples, prediction: Prediction
    ) -> dict[str, Figure]:
        """What is to be seen of such inputs and of the answers to them."""

    def pictures_of(self, asked: AskedClassifier, text: str, name: str) -> dict[str, Figure]:
        """Further pictures of how one input is answered, called after it as `name` says."""
        return {}

    def over_time(
        self, probabilities: Callable[[tf.Tensor], tf.Tensor], chosen: Examples
    ) -> dict[str, OverTime[Any]]:
        """What of such inputs is worth seeing at several steps of a training."""
        return {}

    def drawings(self, model: keras.Model, examples: Examples) -> Sequence[Drawing]:
        """How each example is drawn; empty where there is nothing to see."""
        return []

"""What every application is: the steps from data to exported model."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    from matplotlib.figure import Figure

    from dlapps.config import Config
    from dlapps.data.batches import Batches
    from dlapps.data.splits import Examples, Splits


class Application(abc.ABC):
    """One problem, from its data to its exported model.

    `spec` below is what a model must know of its data; it is kept beside the trained model, so
    that predicting and exporting need no data.
    """

    Config: ClassVar[type[Config]]
    """This application's settings."""
    Spec: ClassVar[type]
    """The dataclass that describes its data."""
    models: ClassVar[Mapping[str, Callable[..., keras.Model]]]
    """Builders by the name a config gives; their keyword arguments are the model's options."""

    def __init__(self, config: Config):
        self.config = config

    @abc.abstractmethod
    def build_data(self) -> Splits:
        """The examples, split."""

    @abc.abstractmethod
    def build_model(self, spec: Any) -> keras.Model:
        """A compiled model for data like `spec`."""

    @abc.abstractmethod
    def training_batches(self, data: Splits) -> Batches:
        """What the loop learns from."""

    @abc.abstractmethod
    def validation_batches(self, data: Splits) -> tf.data.Dataset:
        """What the loop chooses the best weights by."""

    @abc.abstractmethod
    def evaluate(self, model: keras.Model, examples: Examples, spec: Any) -> dict[str, Any]:
        """The metrics of `model` on the examples of one split."""

    @abc.abstractmethod
    def predict(self, model: keras.Model, spec: Any, inputs: Sequence[str]) -> list[dict]:
        """One record of named answers for each input given on the command line."""

    @abc.abstractmethod
    def export(self, model: keras.Model, spec: Any, directory: Path) -> Path:
        """Writes a SavedModel that answers on raw input; returns the version's directory."""

    @abc.abstractmethod
    def pictures(self, model: keras.Model, data: Splits) -> dict[str, Figure]:
        """What a person wants to see of this run, by name."""

"""What every application is: the steps from data to exported model."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from dlapps.config.schema import Config
    from dlapps.data.batches import Batches
    from dlapps.data.splits import Split, Splits
    from dlapps.training.steps import Validation


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
        """The examples to learn from, choose by and be measured on; or an agent's episodes."""

    @abc.abstractmethod
    def build_model(self, spec: Any) -> keras.Model:
        """A compiled model for data like `spec`."""

    @abc.abstractmethod
    def training_batches(self, model: keras.Model, data: Splits) -> Batches:
        """What the loop learns from; an agent's experience is made with `model`."""

    @abc.abstractmethod
    def validation(self, model: keras.Model, data: Splits) -> Validation | None:
        """What the loop chooses the best weights by."""

    @abc.abstractmethod
    def evaluate(self, model: keras.Model, examples: Split, spec: Any) -> dict[str, Any]:
        """The metrics of `model` on one split."""

    @abc.abstractmethod
    def predict(
        self, model: keras.Model, spec: Any, inputs: Sequence[str], directory: Path
    ) -> list[dict]:
        """One record of named answers for each input given on the command line.

        Answers that are files (a mask, an animation) are written into `directory`, which is made
        for them, and named in the record.
        """

    @abc.abstractmethod
    def export(self, model: keras.Model, spec: Any, directory: Path) -> Path:
        """Writes a SavedModel that answers on raw input; returns the version's directory."""

    @abc.abstractmethod
    def pictures(self, model: keras.Model, data: Splits) -> dict[str, Figure]:
        """What a person wants to see of this run, by name."""

    def pictures_of(
        self, model: keras.Model, spec: Any, inputs: Sequence[str]
    ) -> dict[str, Figure]:
        """How the model comes to its answers for single inputs, by name; empty if none is drawn."""
        return {}

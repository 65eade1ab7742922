"""What every application is: the steps from data to exported model."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    import keras
    import numpy as np
    from matplotlib.figure import Figure

    from dlapps.config.schema import Config
    from dlapps.config.section import Section
    from dlapps.data.splits import Data, Examples
    from dlapps.explain.explainable import Explainable
    from dlapps.explain.figures.examples import Drawing
    from dlapps.explain.over_time import OverTime
    from dlapps.export.answer import Answer
    from dlapps.training.stage import Stage

ConfigT = TypeVar("ConfigT", bound="Config")
SpecT = TypeVar("SpecT", bound="Section")


class Calibration(NamedTuple):
    """How the answers of a trained model are corrected by one number."""

    name: str
    """What the number is; found another way, it has another name."""
    find: Callable[[keras.Model, Data], float]
    """From the trained model and its data, of which nothing but validation is looked at."""
    apply: Callable[[keras.Model, float], keras.Model]
    """From the trained model and the number to the model that is measured, asked and exported."""


class Classes(NamedTuple):
    """The classes that an answer is one of, by which several models can answer together."""

    names: Sequence[str]
    probabilities: Callable[[keras.Model, Data, str], tuple[np.ndarray, np.ndarray]]
    """From a model, its data and the name of a split to the labels [N] and probabilities [N, C]."""
    drawings: Callable[[keras.Model, Examples], Sequence[Drawing]]
    """From a model and some examples to how each is drawn; empty where there is nothing to see."""


class Application(abc.ABC, Generic[ConfigT, SpecT]):
    """One problem, from its data to its exported model.

    `spec` below is what a model must know of its data; it is kept beside the trained model, so
    that predicting and exporting need no data.
    """

    config_class: ClassVar[type[Config]]
    """This application's settings."""
    spec_class: ClassVar[type[Section]]
    """What describes its data."""
    models: ClassVar[Mapping[str, Callable[..., keras.Model]]]
    """Builders by the name a config gives; their keyword arguments are the model's options."""

    def __init__(self, config: ConfigT):
        self.config = config

    @abc.abstractmethod
    def build_data(self) -> Data[Any, SpecT]:
        """The examples to learn from, choose by and be measured on; or an agent's episodes."""

    def to_inspect(self, data: Data[Any, SpecT]) -> Mapping[str, Examples]:
        """What can be looked at of each split before training; nothing of what is made while an
        agent plays."""
        return data.splits

    @abc.abstractmethod
    def build_model(self, spec: SpecT) -> keras.Model:
        """A compiled model for data like `spec`."""

    @abc.abstractmethod
    def stages(self, model: keras.Model, data: Data[Any, SpecT]) -> Iterator[Stage]:
        """What is learned from what, in order; usually one.

        Each is trained before the next is asked for. What happens between two of them must follow
        from config, data and the weights as they are, or a continued run would not be exact.
        """

    def calibration(self) -> Calibration | None:
        """How the answers of a trained model are corrected; None: they are taken as they are."""
        return None

    @abc.abstractmethod
    def evaluate(self, model: keras.Model, data: Data[Any, SpecT], split: str) -> dict[str, Any]:
        """The metrics of `model` on one split."""

    @abc.abstractmethod
    def answers(self, model: keras.Model, spec: SpecT) -> dict[str, Answer]:
        """The signatures of the exported model, `serving_default` first."""

    def numeric_answers(self, model: keras.Model, spec: SpecT) -> dict[str, Answer]:
        """What ONNX and LiteRT can hold, which know no strings: answers from numbers to numbers."""
        from dlapps.export.numeric import numeric_answers

        return numeric_answers(self.answers(model, spec))

    def predict(
        self, model: keras.Model, spec: SpecT, inputs: Sequence[str], directory: Path
    ) -> list[dict[str, Any]]:
        """One record of named answers for each input given on the command line.

        Answers that are files (a mask, an animation) are written into `directory`, which is made
        for them, and named in the record. An input that cannot be answered has an `error` instead.
        """
        from dlapps.export.answer import ask

        return ask(self.answers(model, spec), inputs, directory)

    def stream(self, model: keras.Model, spec: SpecT, text: str) -> Iterator[str] | None:
        """The answer for one input, read by a person as it is made, in pieces; None where answers
        are whole at once. Raises UsageError for an input that cannot be answered."""
        return None

    def detections(
        self, model: keras.Model, spec: SpecT, text: str
    ) -> Iterator[dict[str, Any]] | None:
        """What is found in one long input, each as soon as it is found; None where an input is
        answered as a whole. Raises UsageError for an input that cannot be searched."""
        return None

    @abc.abstractmethod
    def pictures(self, model: keras.Model, data: Data[Any, SpecT]) -> dict[str, Figure]:
        """What a person wants to see of this run, by name, the most telling first."""

    def further_pictures(
        self, model: keras.Model, data: Data[Any, SpecT]
    ) -> dict[str, Callable[[], Figure]]:
        """What draws the pictures that nobody should wait for unasked, by their names."""
        return {}

    def over_time(self, model: keras.Model, data: Data[Any, SpecT]) -> dict[str, OverTime]:
        """What is worth seeing of `model` at several steps of its training, by the names of the
        pictures; nothing of it is taken from the test split."""
        return {}

    def classes(self, spec: SpecT) -> Classes | None:
        """The classes that an answer is one of; None where answers are something else."""
        return None

    def explainable(self, model: keras.Model, spec: SpecT) -> Explainable | None:
        """How to look into the model while it answers one input; None if there is no way."""
        return None

    def pictures_of(
        self, model: keras.Model, spec: SpecT, text: str, name: str
    ) -> dict[str, Figure]:
        """Further pictures of how one input is answered, called after it as `name` says."""
        return {}

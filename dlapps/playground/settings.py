"""What a learner may choose: a small classifier of points, in the words of its config."""

import typing
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field, field_validator, model_validator

from dlapps.applications.classification.application import Classification
from dlapps.applications.classification.config import ClassificationConfig
from dlapps.config.files import dump_yaml
from dlapps.config.schema import build_config, explain_error
from dlapps.config.section import Fraction, Section, Seed
from dlapps.config.training import OptimizerSettings
from dlapps.data.sources.point_file import HEADER
from dlapps.data.splits import FEWEST_OF_A_CLASS
from dlapps.datasets.points import DEFAULT_NOISE, make_points
from dlapps.errors import UsageError, did_you_mean
from dlapps.layers.activations import Activation
from dlapps.models.classifier import LossSettings
from dlapps.models.kernels import KernelSettings
from dlapps.playground.surface import Surface

MOST_LAYERS = 6
MOST_NEURONS = 8
THUMBNAIL_POINTS = 90
STEPS_OF_A_CONFIG = 1000
"""What a config asks for while nothing was trained yet."""
# A maxout unit has two weights for each input, and so no line of one width.
ACTIVATIONS = [name for name in typing.get_args(Activation) if name != "maxout"]

Coordinate = Annotated[float, Field(ge=-7, le=7)]
POINTS_CSV = Path("points.csv")
"""Where drawn points lie beside the config."""


class RefusedSetting(UsageError):
    """A setting cannot be what it was said to be."""

    def __init__(self, setting: str, message: str):
        super().__init__(message)
        self.setting = setting


class Points(Section):
    """Which points to learn from; half as many generated ones more validate, and as many test."""

    name: Literal["blobs", "xor", "rings", "spirals", "drawn"] = "spirals"
    num_examples: Annotated[int, Field(ge=10, le=2000)] = 400
    noise: Annotated[float, Field(ge=0, le=5)] | None = None
    batch_size: Annotated[int, Field(ge=1, le=1000)] = 32
    drawn: Annotated[
        tuple[tuple[Coordinate, Coordinate, Annotated[int, Field(ge=0, le=1)]], ...],
        Field(max_length=1000),
    ] = ()
    """x, y and class of each point that a person drew; a tenth validate, and as many test."""

    @model_validator(mode="after")
    def _check_drawn(self):
        if self.name == "drawn" and any(self.count_of(c) < FEWEST_OF_A_CLASS for c in (0, 1)):
            raise ValueError(f"draw at least {FEWEST_OF_A_CLASS} points of each class")
        return self

    def count_of(self, label: int) -> int:
        """How many points of a class were drawn."""
        return sum(point[2] == label for point in self.drawn)

    def to_csv(self) -> str:
        """The drawn points as a table that `data.name: point_file` reads."""
        rows = [f"{x},{y},class {label}" for x, y, label in self.drawn]
        return "\n".join([",".join(HEADER), *rows, ""])


class Network(Section):
    """The hidden layers of a multi-layer perceptron."""

    widths: Annotated[
        tuple[Annotated[int, Field(ge=1, le=MOST_NEURONS)], ...], Field(max_length=MOST_LAYERS)
    ] = (8, 8)
    activation: str = "tanh"
    dropout: Fraction = 0.0

    @field_validator("activation")
    @classmethod
    def _check_activation(cls, name: str) -> str:
        if name not in ACTIVATIONS:
            raise ValueError("it is none of the playground" + did_you_mean(name, ACTIVATIONS))
        return name


class Learning(Section):
    """How the network learns."""

    learning_rate: Annotated[float, Field(gt=0, le=100)] = 0.01
    optimizer: OptimizerSettings = OptimizerSettings()


class Settings(Section):
    """All that is chosen on the page."""

    seed: Seed = 0
    data: Points = Points()
    model: Network = Network()
    loss: LossSettings = LossSettings()
    kernels: KernelSettings = KernelSettings()
    training: Learning = Learning()
    surface: Surface = Surface()
    """What is drawn beside the network; it moves nothing."""

    def config(self, steps: int, directory: Path) -> ClassificationConfig:
        """The config that trains this network for `steps`; drawn points are read in `directory`.

        Raises RefusedSetting.
        """
        values = self._values(steps, directory / POINTS_CSV)
        try:
            config = build_config(
                ClassificationConfig, Classification.models, values, "The playground"
            )
        except UsageError as error:
            raise RefusedSetting("", str(error)) from error
        assert isinstance(config, ClassificationConfig)
        return config

    def to_yaml(self, step: int) -> str:
        """The config of the network as it is after `step`, without what is as by default."""
        return dump_yaml(self._values(step or STEPS_OF_A_CONFIG, POINTS_CSV))

    def _values(self, steps: int, points: Path) -> dict[str, Any]:
        def changed(section: Section) -> dict[str, Any]:
            return section.model_dump(mode="json", exclude_defaults=True, exclude_none=True)

        data = self.data.model_dump(mode="json", exclude_none=True, exclude={"drawn"})
        if self.data.name == "drawn":
            data = {
                "name": "point_file", "path": str(points), "batch_size": self.data.batch_size
            }  # fmt: skip
        values = {
            "application": "classification",
            "seed": self.seed,
            "data": data,
            "model": {"name": "mlp", **self.model.model_dump(mode="json")},
            "loss": changed(self.loss),
            "kernels": changed(self.kernels),
            "training": {
                "steps": steps,
                "learning_rate": self.training.learning_rate,
                "optimizer": {
                    "name": self.training.optimizer.name, **changed(self.training.optimizer)
                },
                "restore_best_weights": False,  # What is seen is the last.
                "device": "cpu",
            },
        }  # fmt: skip
        return {name: value for name, value in values.items() if value != {}}


def read_settings(values: Any) -> Settings:
    """The settings that a page sends; raises RefusedSetting, which names the first wrong one."""
    try:
        return Settings.model_validate(values)
    except pydantic.ValidationError as error:
        raise RefusedSetting(*explain_error(error, Settings)) from error


def choices() -> dict[str, Any]:
    """What the page offers: defaults, names to choose from, and a few points of each set."""
    return {
        "defaults": Settings().model_dump(mode="json", exclude_none=True),
        "most_layers": MOST_LAYERS,
        "most_neurons": MOST_NEURONS,
        "points": {
            name: {"noise": noise, "examples": _examples(name)}
            for name, noise in DEFAULT_NOISE.items()
        },
        "names": {
            "model.activation": ACTIVATIONS,
            "loss.name": _names_of(LossSettings, "name"),
            "kernels.initializer": _names_of(KernelSettings, "initializer"),
            "training.optimizer.name": _names_of(OptimizerSettings, "name"),
        },
    }


def _examples(name: str) -> list[list[float]]:
    points, labels = make_points(name, THUMBNAIL_POINTS)
    return [
        [round(x, 2), round(y, 2), label] for (x, y), label in zip(points.tolist(), labels.tolist())
    ]


def _names_of(section: type[Section], field: str) -> list[str]:
    """The names that a field of a section may be."""
    annotation = section.model_fields[field].annotation
    branches = (annotation, *typing.get_args(annotation))
    return [
        name
        for branch in branches
        if typing.get_origin(branch) is Literal
        for name in typing.get_args(branch)
    ]

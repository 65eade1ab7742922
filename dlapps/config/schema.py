"""What a config may say: typed sections, a model's options taken from its builder; and errors."""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import pydantic
from pydantic import Field

from dlapps.config.files import dump_yaml, source_of
from dlapps.config.section import BatchSize, DataSettings, Section, Seed
from dlapps.config.training import TrainingSettings
from dlapps.errors import UsageError, did_you_mean, in_short


class Reference(Section):
    """A published figure to stand beside."""

    metric: str
    value: float
    source: str
    protocol: str


class EvaluationSettings(Section):
    """How the trained model is measured."""

    batch_size: BatchSize = 512
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """What the trained model computes in when it is measured, asked and exported."""
    folds: Annotated[int, Field(ge=2)] | None = None
    """Cross-validation: into how many parts the data fall, of which `compare` tests on each in
    turn, with a run that is told by data.fold. For data without a test split of their own."""

    changes_later: ClassVar[tuple[str, ...]] = ()
    """The settings that no training knows of: by them a run that is there may be measured and asked
    otherwise."""

    def of_training(self) -> "EvaluationSettings":
        """These settings with what no training of the run knows of as it is by default."""
        fields = type(self).model_fields
        defaults = {name: fields[name].default for name in ("folds", *self.changes_later)}
        return self.model_copy(update=defaults)

    def measures_like(self, other: "EvaluationSettings") -> bool:
        """Whether a run is measured alike under both; folds are for other runs."""
        return self.model_copy(update={"folds": None}) == other.model_copy(update={"folds": None})


class Config(Section):
    """The settings of one run; an application narrows `data` and adds sections of its own."""

    application: str
    seed: Seed = 0
    data: DataSettings
    model: dict[str, Any]
    """`name` and the keyword arguments of that builder."""
    training: TrainingSettings
    evaluation: EvaluationSettings = EvaluationSettings()
    reference: Reference | None = None

    asked_with: ClassVar[tuple[str, ...]] = ()
    """The sections that say how a trained model is asked, of which no training knows: by them a run
    that is there may be asked otherwise."""

    decoded_scores: ClassVar[Mapping[str, Literal["min", "max"]]] = {}
    """Scores of what a model answers when it is asked by these sections, and which is the best."""

    @property
    def chosen_by_decoding(self) -> bool:
        """Whether the best weights are chosen by such a score: training asks the model then."""
        return self.training.monitor in self.decoded_scores

    def of_training(self) -> "Config":
        """This config with what no training of the run knows of as it is by default."""
        unknown = ("reference",) if self.chosen_by_decoding else (*self.asked_with, "reference")
        defaults = {name: type(self).model_fields[name].default for name in unknown}
        return self.model_copy(update={**defaults, "evaluation": self.evaluation.of_training()})

    @pydantic.model_validator(mode="after")
    def _check_mode(self):
        monitor = self.training.monitor
        mode = self.decoded_scores.get(monitor, self.training.mode)
        if self.training.mode != mode:
            better = "larger" if mode == "max" else "smaller"
            raise ValueError(
                f"training.monitor {monitor} is the better the {better}: set training.mode {mode}"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _check_folds(self):
        if self.evaluation.folds and "fold" not in type(self.data).model_fields:
            raise ValueError("evaluation.folds is for data that have a data.fold")
        return self

    @pydantic.field_validator("model", mode="before")
    @classmethod
    def _model_name_alone(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @property
    def model_options(self) -> dict[str, Any]:
        """The keyword arguments of the model's builder."""
        return {key: value for key, value in self.model.items() if key != "name"}

    def to_yaml(self) -> str:
        """The whole config as YAML, with every default written out."""
        return dump_yaml(self.model_dump(mode="json"))


def build_config(
    schema: type[Config],
    builders: Mapping[str, Callable],
    values: Mapping[str, Any],
    source: str,
    assignments: Sequence[str] = (),
) -> Config:
    """The config that `values` describes, its model section checked against its builder.

    Raises UsageError, which names the setting and what it comes from: the config called `source`,
    or those of the `assignments` (`KEY=VALUE`, put in place before) that give it.
    """

    def refused(setting: str, reason: str) -> UsageError:
        return UsageError(f"{source_of(setting, source, assignments)}: {reason}")

    try:
        config = schema.model_validate(dict(values))
    except pydantic.ValidationError as error:
        raise refused(*explain_error(error, schema)) from error
    name = config.model.get("name")
    if not isinstance(name, str) or name not in builders:
        reason = f"model.name cannot be {in_short(repr(name))}" + did_you_mean(name, builders)
        raise refused("model.name", reason)
    options = options_of(name, builders[name])
    try:
        model = options.model_validate(config.model)
    except pydantic.ValidationError as error:
        raise refused(*explain_error(error, options, prefix="model.")) from error
    return config.model_copy(update={"model": model.model_dump(mode="json")})


def options_of(name: str, builder: Callable) -> type[Section]:
    """The `model:` section for one builder: its keyword-only arguments, written there once."""
    hints = typing.get_type_hints(builder, include_extras=True)
    fields: dict[str, Any] = {
        parameter.name: (
            hints[parameter.name],
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in inspect.signature(builder).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    fields = {"name": (Literal[name], name), **fields}
    return pydantic.create_model(name, __base__=Section, **fields)


def json_schema(
    application: str, schema: type[Config], builders: Mapping[str, Callable]
) -> dict[str, Any]:
    """The JSON schema of the application's configs, the options of every model included."""
    described = schema.model_json_schema()
    described["$defs"] = {key: _or_name(section) for key, section in described["$defs"].items()}
    described["properties"]["application"] = {"const": application}
    described["properties"]["model"] = {
        "oneOf": [
            {**options_of(name, builder).model_json_schema(), "required": ["name"]}
            for name, builder in builders.items()
        ]
        + [{"enum": [*builders]}]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def _or_name(section: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a section, or of its name alone where nothing else must be said."""
    needs_more = set(section.get("required", ())) - {"name"}
    name = section["properties"].get("name")
    return section if name is None or needs_more else {"anyOf": [section, name]}


def explain_error(
    error: pydantic.ValidationError, schema: type[Section], prefix: str = ""
) -> tuple[str, str]:
    """The first setting that `schema` refused, and what is wrong with it."""
    first = error.errors()[0]
    location = tuple(str(part) for part in first["loc"])
    path, fields = _locate(schema, location)
    given, setting = first.get("input"), prefix + ".".join(path)
    name = in_short(setting)
    if first["type"] == "extra_forbidden":
        elsewhere = [] if len(path) > 1 else [*_paths_to(path[0], schema)]
        if elsewhere:
            return setting, f"{name} is no setting; did you mean {' or '.join(elsewhere)}?"
        return setting, f"{name} is no setting" + did_you_mean(path[-1], fields)
    if first["type"] == "missing":
        return setting, f"{name} is missing."
    if first["type"] == "literal_error":
        expected = first["ctx"]["expected"].replace(" or ", ", ")
        choices = [choice.strip(" '") for choice in expected.split(",")]
        return setting, f"{name} cannot be {in_short(repr(given))}" + did_you_mean(given, choices)
    reason = first["msg"].removeprefix("Value error, ").removesuffix(".")
    if isinstance(given, dict):
        return setting, f"{name}: {reason}." if name else f"{reason}."
    return setting, f"{name} cannot be {in_short(repr(given))}: {reason}."


def _locate(schema: type[Section], location: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """The dotted path that `location` means, and the names of the settings beside its end.

    pydantic adds the branch of a union to a location; a path ends where the settings do.
    """
    for depth, part in enumerate(location):
        inner = _section_of(schema, part)
        if inner is None:
            return location[: depth + 1], list(schema.model_fields)
        schema = inner
    return location, list(schema.model_fields)


def _paths_to(name: str, schema: type[Section], prefix: str = "") -> Iterator[str]:
    """The dotted path of each setting of that name in the sections of `schema`."""
    for section in schema.model_fields:
        inner = _section_of(schema, section)
        if inner is not None:
            path = f"{prefix}{section}."
            yield from (path + field for field in inner.model_fields if field == name)
            yield from _paths_to(name, inner, path)


def _section_of(schema: type[Section], name: str) -> type[Section] | None:
    """The section that the setting `name` holds, if it holds one."""
    field = schema.model_fields.get(name)
    if field is None:
        return None
    candidates = (field.annotation, *typing.get_args(field.annotation))
    return next((c for c in candidates if inspect.isclass(c) and issubclass(c, Section)), None)

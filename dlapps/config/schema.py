"""What a config may say: typed sections, a model's options taken from its builder; and errors."""

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal

import pydantic

from dlapps.config.files import dump_yaml
from dlapps.config.section import DataSettings, Section
from dlapps.config.training import TrainingSettings
from dlapps.errors import UsageError, did_you_mean


class Reference(Section):
    """A published figure to stand beside."""

    metric: str
    value: float
    source: str
    protocol: str


class EvaluationSettings(Section):
    """How the trained model is measured."""

    batch_size: pydantic.PositiveInt = 512
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """What the trained model computes in when it is measured, asked and exported."""


class Config(Section):
    """The settings of one run; an application narrows `data` and adds sections of its own."""

    application: str
    seed: pydantic.NonNegativeInt = 0
    data: DataSettings
    model: dict[str, Any]
    """`name` and the keyword arguments of that builder."""
    training: TrainingSettings
    evaluation: EvaluationSettings = EvaluationSettings()
    reference: Reference | None = None

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
) -> Config:
    """The config that `values` describes, its model section checked against its builder.

    Raises UsageError, which calls the config `source` and names the setting.
    """
    try:
        config = schema.model_validate(dict(values))
    except pydantic.ValidationError as error:
        raise UsageError(explain_error(error, schema, source)) from error
    name = config.model.get("name")
    if not isinstance(name, str) or name not in builders:
        raise UsageError(f"{source}: model.name cannot be {name!r}" + did_you_mean(name, builders))
    options = options_of(name, builders[name])
    try:
        model = options.model_validate(config.model)
    except pydantic.ValidationError as error:
        raise UsageError(explain_error(error, options, source, prefix="model.")) from error
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
    described["properties"]["application"] = {"const": application}
    described["properties"]["model"] = {
        "oneOf": [
            {**options_of(name, builder).model_json_schema(), "required": ["name"]}
            for name, builder in builders.items()
        ]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def explain_error(
    error: pydantic.ValidationError, schema: type[Section], source: str, prefix: str = ""
) -> str:
    """One sentence on the first thing that `schema` refused in the config called `source`."""
    first = error.errors()[0]
    location = tuple(str(part) for part in first["loc"])
    path, fields = _locate(schema, location)
    given, name = first.get("input"), prefix + ".".join(path)
    if first["type"] == "extra_forbidden":
        return f"{source}: {name} is no setting" + did_you_mean(path[-1], fields)
    if first["type"] == "missing":
        return f"{source}: {name} is missing."
    if first["type"] == "literal_error":
        expected = first["ctx"]["expected"].replace(" or ", ", ")
        choices = [choice.strip(" '") for choice in expected.split(",")]
        return f"{source}: {name} cannot be {given!r}" + did_you_mean(given, choices)
    reason = first["msg"].removeprefix("Value error, ").removesuffix(".")
    if isinstance(given, dict):
        return f"{source}: {name}: {reason}." if name else f"{source}: {reason}."
    return f"{source}: {name} cannot be {given!r}: {reason}."


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


def _section_of(schema: type[Section], name: str) -> type[Section] | None:
    """The section that the setting `name` holds, if it holds one."""
    field = schema.model_fields.get(name)
    if field is None:
        return None
    candidates = (field.annotation, *typing.get_args(field.annotation))
    return next((c for c in candidates if inspect.isclass(c) and issubclass(c, Section)), None)

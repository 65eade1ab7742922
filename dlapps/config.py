"""Strict, typed configs: read from YAML, overridden from the command line, refused when wrong."""

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pydantic
import yaml

from dlapps.errors import UsageError
from dlapps.settings import Section
from dlapps.suggestions import did_you_mean
from dlapps.training.settings import TrainingSettings


class Reference(Section):
    """A published figure to stand beside."""

    metric: str
    value: float
    source: str
    protocol: str


class EvaluationSettings(Section):
    """How the trained model is measured."""

    batch_size: pydantic.PositiveInt = 512


class Config(Section):
    """The settings of one run; an application narrows `data` and adds sections of its own."""

    application: str
    seed: pydantic.NonNegativeInt = 0
    data: Section
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


def load_yaml(text: str, source: str) -> dict[str, Any]:
    """The mapping written in `text`; `source` names it in errors."""
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{source} is not valid YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise UsageError(f"{source} is not a config: it holds no 'key: value' lines.")
    return loaded


def dump_yaml(values: Mapping[str, Any]) -> str:
    """YAML in the order of the mapping."""
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)


def override(values: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """A copy of `values` with each `section.key=value` put in its place."""
    changed = {**values}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise UsageError(f"--set {assignment} is not of the form KEY=VALUE.")
        *sections, key = path.split(".")
        place = changed
        for section in sections:
            inner = place.get(section)
            if inner is not None and not isinstance(inner, dict):
                raise UsageError(f"--set {path}: {section} is a single value, not a section.")
            place[section] = {**(inner or {})}
            place = place[section]
        try:
            place[key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise UsageError(f"--set {path}: {text!r} is not a YAML value.") from error
    return changed


def check_options(builder: Callable, options: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword-only arguments of `builder`, converted to their types, defaults filled in."""
    hints = typing.get_type_hints(builder)
    fields = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(builder).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    schema = pydantic.create_model(builder.__name__, __base__=Section, **fields)
    return schema.model_validate(dict(options)).model_dump(mode="json")


def build_config(
    schema: type[Config],
    builders: Mapping[str, Callable],
    values: Mapping[str, Any],
    source: str,
) -> Config:
    """The config that `values` describes, its model section checked against its builder."""
    try:
        config = schema.model_validate(dict(values))
    except pydantic.ValidationError as error:
        raise UsageError(_explain(error, schema, source)) from error
    name = config.model.get("name")
    if name not in builders:
        raise UsageError(f"{source}: model.name {name!r} is unknown" + did_you_mean(name, builders))
    builder = builders[name]
    try:
        options = check_options(builder, config.model_options)
    except pydantic.ValidationError as error:
        takes = check_options_names(builder)
        raise UsageError(_explain(error, None, source, ("model",), takes)) from error
    return config.model_copy(update={"model": {"name": name, **options}})


def check_options_names(builder: Callable) -> list[str]:
    """The names of the options a config may give to `builder`."""
    parameters = inspect.signature(builder).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def _explain(
    error: pydantic.ValidationError,
    schema: type[Section] | None,
    source: str,
    prefix: tuple[str, ...] = (),
    known: Iterable[str] = (),
) -> str:
    """One sentence on the first thing that is wrong, with the nearest known name."""
    first = error.errors()[0]
    location = tuple(str(part) for part in first["loc"])
    name = ".".join((*prefix, *location))
    if first["type"] == "extra_forbidden":
        names = _fields_beside(schema, location) if schema else known
        return f"{source}: {name} is no setting" + did_you_mean(location[-1], names)
    if first["type"] == "missing":
        return f"{source}: {name} is missing."
    given = first.get("input")
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "literal_error":
        choices = [
            choice.strip(" '")
            for choice in first["ctx"]["expected"].replace(" or ", ", ").split(",")
        ]
        return f"{source}: {name} cannot be {given!r}" + did_you_mean(given, choices)
    if isinstance(given, dict):
        return f"{source}: {name}: {reason}."
    return f"{source}: {name} cannot be {given!r}: {reason}."


def _fields_beside(schema: type[Section], location: tuple[str, ...]) -> list[str]:
    """The names of the settings in the section that `location` points into."""
    for part in location[:-1]:
        field = schema.model_fields.get(part)
        candidates = (field.annotation, *typing.get_args(field.annotation)) if field else ()
        sections = [c for c in candidates if inspect.isclass(c) and issubclass(c, Section)]
        if not sections:
            return []
        schema = sections[0]
    return list(schema.model_fields)

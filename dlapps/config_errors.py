"""What is wrong with a config, in one sentence that names the setting and the alternatives."""

import inspect
import typing

import pydantic

from dlapps.settings import Section
from dlapps.suggestions import did_you_mean


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

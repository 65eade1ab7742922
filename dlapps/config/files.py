"""Configs as files: `configs/<application>/<name>.yaml`, in a checkout or in a wheel."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from dlapps.errors import UsageError, did_you_mean

_PACKAGE = Path(__file__).parents[1]
DIRECTORY = next(
    (path for path in (_PACKAGE / "configs", _PACKAGE.parent / "configs") if path.is_dir()),
    _PACKAGE / "configs",
)
SCHEMA_MARK = "# yaml-language-server: $schema="


@dataclasses.dataclass(frozen=True)
class ConfigFile:
    """One config on disk."""

    path: Path

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.path.stem

    @property
    def summary(self) -> str:
        """The first line of its header that is for people; editors look for their schema above."""
        with self.path.open(encoding="utf-8") as file:
            first = next((line for line in file if not line.startswith(SCHEMA_MARK)), "")
        return first.lstrip("# ").rstrip()


def config_files(application: str) -> list[ConfigFile]:
    """The configs that come with an application."""
    return [ConfigFile(path) for path in sorted((DIRECTORY / application).glob("*.yaml"))]


def find_config(application: str, name_or_path: str) -> ConfigFile:
    """The config of that name, or at that path."""
    known = {file.name: file for file in config_files(application)}
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return ConfigFile(path)
    raise UsageError(
        f"{application} has no config {name_or_path}, nor is there such a file"
        + did_you_mean(name_or_path, known)
    )


def read_text(path: Path) -> str:
    """What is written in a config file."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a text file that can be read.") from error


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

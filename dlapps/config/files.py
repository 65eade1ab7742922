"""Configs as files: `configs/<application>/<name>.yaml`, in a checkout or in a wheel."""

import dataclasses
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from dlapps.config.bounded_yaml import DEEPEST, MOST_CHARACTERS, BoundedLoader
from dlapps.errors import UsageError, did_you_mean, in_short

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
    """The config of that name, or at that path.

    Raises UsageError where there is none, or where it is one of another application.
    """
    known = {file.name: file for file in config_files(application)}
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    owner = _owner_of_file(path) if path.is_file() else _owner_of_name(name_or_path)
    if owner not in (None, application):
        raise UsageError(
            f"{in_short(name_or_path)} is a config of {owner}, not of {application}. The command "
            f"is: dlapps {owner} train {shlex.quote(name_or_path)}"
        )
    if path.is_file():
        return ConfigFile(path)
    raise UsageError(
        f"{application} has no config {in_short(name_or_path)}, nor is there such a file"
        + did_you_mean(name_or_path, known)
    )


def find_any_config(name_or_path: str) -> tuple[str, ConfigFile]:
    """The application and the config that a name (NAME or APPLICATION/NAME) or a path means."""
    found = [(path.parent.name, ConfigFile(path)) for path in sorted(DIRECTORY.glob("*/*.yaml"))]
    known = [
        (application, file)
        for application, file in found
        if name_or_path in (file.name, f"{application}/{file.name}")
    ]
    if len(known) > 1:
        owners = " and ".join(f"{application}/{file.name}" for application, file in known)
        raise UsageError(f"There are {owners}; say which of them.")
    if known:
        return known[0]
    path = Path(name_or_path)
    if not path.is_file():
        names = [file.name for _, file in found]
        raise UsageError(
            f"There is no config {in_short(name_or_path)}" + did_you_mean(name_or_path, names)
        )
    owner = load_yaml(read_text(path), name_or_path).get("application")
    if owner is None:
        raise UsageError(
            f"{name_or_path} does not say which application it is for: application is missing."
        )
    return str(owner), ConfigFile(path)


def _owner_of_name(name: str) -> str | None:
    """The application that has a config of that name."""
    found = [file for file in DIRECTORY.glob("*/*.yaml") if file.stem == name]
    return found[0].parent.name if found else None


def _owner_of_file(path: Path) -> str | None:
    """The application that the config at `path` says it is for, if there is such an application."""
    owner = load_yaml(read_text(path), str(path)).get("application")
    applications = [folder.name for folder in DIRECTORY.iterdir()]
    return owner if owner in applications else None


def read_text(path: Path) -> str:
    """What is written in a config file."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a text file that can be read.") from error
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"{path} is no config: it has more than a million characters.")
    return text


def load_yaml(text: str, source: str) -> dict[str, Any]:
    """The mapping written in `text`; `source` names it in errors."""
    try:
        loaded = yaml.load(text, BoundedLoader)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        said = "\n".join(in_short(line) for line in str(error).splitlines())
        raise UsageError(f"{source} is not valid YAML: {said}") from error
    if not isinstance(loaded, dict):
        raise UsageError(f"{source} is not a config: it holds no 'key: value' lines.")
    return loaded


def dump_yaml(values: Mapping[str, Any]) -> str:
    """YAML in the order of the mapping."""
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)


def override(values: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """A copy of `values` with each `section.key=value` put in its place.

    A word for a section that has a name is that name: `model=mlp` is `model.name=mlp`.
    """
    changed = {**values}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path or not path.isprintable():
            raise UsageError(f"--set {in_short(assignment)} is not of the form KEY=VALUE.")
        *sections, key = path.split(".")
        if len(sections) >= DEEPEST:
            raise UsageError(f"--set {in_short(assignment)}: no setting lies so deep.")
        place = changed
        for section in sections:
            inner = place.get(section)
            if inner is not None and not isinstance(inner, dict):
                raise UsageError(
                    f"--set {in_short(assignment)}: {in_short(section)} is a value, not a section."
                )
            place[section] = {**(inner or {})}
            place = place[section]
        try:
            value = yaml.load(text, BoundedLoader)
        except (yaml.YAMLError, UnicodeEncodeError) as error:
            raise UsageError(f"--set {in_short(assignment)}: the value is not YAML.") from error
        place[key] = _named(place.get(key), value) if isinstance(value, str) else value
    return changed


def _named(section: Any, name: str) -> Any:
    """The section called `name`, if it is one that has a name; else that word."""
    if isinstance(section, dict) and "name" in section:
        return {**section, "name": name}
    return name


def source_of(setting: str, file: str, assignments: Iterable[str]) -> str:
    """What a setting comes from, as an error calls it: the `--set` that gives it, or the file.

    Where a `--set` gives only a part of it, both.
    """
    parts = []
    for assignment in reversed(list(assignments)):
        key = assignment.partition("=")[0]
        if f"{setting}.".startswith(f"{key}."):
            return f"--set {in_short(assignment)}"
        if not setting or key.startswith(f"{setting}."):
            parts.append(f"--set {in_short(assignment)}")
    return " ".join([f"{file} with", *reversed(parts)]) if parts else file

"""The command that trains a run again, for whoever reads of it."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlapps.config.files import config_files, override, read_text
from dlapps.config.schema import Config
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config


def training_command(config: Config, name: str, directory: Path) -> str:
    """The command that trains such a run: its config's name and what was set otherwise.

    Where no config of that name comes with the suite, or one that --set cannot turn into this one,
    the command names the config that the run keeps.
    """
    application = config.application
    start = f"dlapps {application} train"
    for file in config_files(application):
        changes = _changes(read_text(file.path), config) if file.name == name else None
        if changes is not None:
            default = Path("runs", application, name, str(config.seed))
            place = [] if directory == default else ["--run", str(directory)]
            options = [*place, *(word for change in changes for word in ("--set", change))]
            return shlex.join([*start.split(), name, *options])
    kept = [str(directory / "config.yaml"), "--run", f"{directory}.again"]
    return shlex.join([*start.split(), *kept])


def _changes(text: str, config: Config) -> list[str] | None:
    """The assignments that turn the config written in `text` into `config`, if there are such."""
    application = config.application
    try:
        before = _settings(read_config(application, text, "").model_dump(mode="json"))
        changes = [
            f"{key}={_yaml_value(value)}"
            for key, value in _settings(config.model_dump(mode="json")).items()
            if key not in before or before[key] != value
        ]
        return changes if read_config(application, text, "", changes) == config else None
    except UsageError:
        return None


def _settings(section: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Each value of nested settings by its dotted path."""
    flat: dict[str, Any] = {}
    for name, value in section.items():
        if isinstance(value, dict) and value:
            flat |= _settings(value, f"{path}{name}.")
        else:
            flat[f"{path}{name}"] = value
    return flat


def _yaml_value(value: Any) -> str:
    """What is read back as the value; plain where it can be."""
    plain = isinstance(value, str) and override({}, [f"key={value}"]) == {"key": value}
    return value if plain else json.dumps(value)

"""Where the configs are: `configs/<application>/<name>.yaml`, in a checkout or in a wheel."""

import dataclasses
from pathlib import Path

from dlapps.errors import UsageError
from dlapps.suggestions import did_you_mean

_PACKAGE = Path(__file__).parent
DIRECTORY = next(
    (path for path in (_PACKAGE / "configs", _PACKAGE.parent / "configs") if path.is_dir()),
    _PACKAGE / "configs",
)


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
        """The first line of its header."""
        with self.path.open(encoding="utf-8") as file:
            return file.readline().lstrip("# ").rstrip()


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

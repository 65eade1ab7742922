"""Beginning a run in a directory, and opening one that is there."""

import difflib
import shutil
from collections.abc import Sequence
from pathlib import Path

from dlapps.applications import load_application
from dlapps.config.schema import Config, build_config
from dlapps.config.files import load_yaml, override, read_text
from dlapps.errors import UsageError
from dlapps.files import sole_user, write_atomically, writing_to
from dlapps.runs.run import Run
from dlapps.errors import did_you_mean
from dlapps.training.distribution import is_chief


def create_run(application_name: str, config: Config, directory: Path, fresh: bool = False) -> Run:
    """The run in `directory`: begun, or continued if its config is the same.

    With `fresh`, a run that is there is moved to `<directory>.previous` first. Raises UsageError,
    and leaves the run as it is, when its config differs.
    """
    run = Run(directory, load_application(application_name)(config))
    if not is_chief():
        return run
    with writing_to(directory):
        if fresh and (directory / "config.yaml").exists():
            _move_aside(application_name, directory.resolve())
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "config.yaml"
        if not path.exists():
            _refuse_other_files(directory)
        with sole_user(directory):
            if path.exists() and run.has_begun():
                _refuse_other_config(directory, read_text(path), config.to_yaml())
            write_atomically(path, config.to_yaml())
    return run


def _refuse_other_files(directory: Path) -> None:
    """What is in a run's directory may later be replaced, so nobody's own files may be there."""
    others = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    if others:
        raise UsageError(
            f"{directory} is no run and holds other files, such as {others[0]}. Choose a new or an "
            "empty directory with --run."
        )


def _move_aside(application_name: str, directory: Path) -> None:
    open_run(application_name, directory)  # Refuses what only looks like a run.
    previous = directory.with_name(f"{directory.name}.previous")
    with sole_user(directory):
        if previous.exists():
            open_run(application_name, previous)
            shutil.rmtree(previous)
        directory.rename(previous)


def open_run(application_name: str, directory: Path) -> Run:
    """The run in `directory`, which must be one of this application's."""
    path = directory / "config.yaml"
    if not path.is_file():
        if directory.is_dir():
            raise UsageError(f"{directory} is not a run: it has no config.yaml.")
        known = [
            str(path.parent) for path in Path("runs", application_name).glob("*/*/config.yaml")
        ]
        raise UsageError(f"There is no run {directory}" + did_you_mean(directory, sorted(known)))
    config = read_config(application_name, read_text(path), str(path))
    return Run(directory, load_application(application_name)(config))


def read_config(
    application_name: str, text: str, source: str, assignments: Sequence[str] = ()
) -> Config:
    """The config written in `text`, with `KEY=VALUE` overrides, for this application."""
    application = load_application(application_name)
    values = override(load_yaml(text, source), assignments)
    owner = values.get("application")
    if owner != application_name:
        raise UsageError(
            f"{source} is a config of {owner}, not of {application_name}."
            if owner
            else f"{source} does not say which application it is for: application is missing."
        )
    return build_config(application.Config, application.models, values, source)


def _refuse_other_config(directory: Path, before: str, now: str) -> None:
    if before == now:
        return
    difference = difflib.ndiff(before.splitlines(), now.splitlines())
    changes = "\n".join(line for line in difference if line.startswith(("-", "+")))
    raise UsageError(
        f"The run {directory} was trained with another config:\n{changes}\n"
        "Choose another directory with --run, or start over with --fresh."
    )

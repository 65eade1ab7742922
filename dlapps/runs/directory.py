"""Beginning a run in a directory, or going on with one that is there."""

import difflib
import shutil
from collections.abc import Sequence
from pathlib import Path

from dlapps.applications import load_application
from dlapps.config.files import load_yaml, override, read_text
from dlapps.config.schema import Config, build_config
from dlapps.errors import UsageError, in_short
from dlapps.files import refuse_patterns, sole_user, writing_to
from dlapps.runs.run import Run
from dlapps.training.distribution import is_chief


def create_run(application_name: str, config: Config, directory: Path, fresh: bool = False) -> Run:
    """The run in `directory`: to be begun, or continued if its config is the same.

    `training.steps` may be another, and data may have moved. With `fresh`, a run that is there is
    moved to `<directory>.previous` first. Raises UsageError, and leaves the run as it is, when its
    config differs otherwise.
    """
    refuse_patterns(directory)
    run = Run(directory, load_application(application_name)(config))
    if not is_chief():
        return run
    with writing_to(directory):
        path = directory / "config.yaml"
        if fresh and path.exists():
            _move_aside(application_name, directory.resolve())
        if not path.exists():
            _refuse_other_files(directory)
        elif run.has_begun():
            before = read_config(application_name, read_text(path), str(path))
            _refuse_other_config(directory, before, config)
    return run


MOST_KNOWN = 12


def known_runs(application_name: str, near: Path) -> list[str]:
    """Runs of an application that a person who typed `near` may mean, the newest first.

    They are those in runs/, and those that lie where `near` would: below its nearest folder that
    is there, at most two deep.
    """
    folder = next(path for path in (near, *near.absolute().parents) if path.is_dir())
    patterns = [(Path("runs"), "*"), (Path("runs"), "*/*"), (Path("runs"), "*/*/*")]
    if folder != Path(folder.anchor):
        patterns += [(folder, "*"), (folder, "*/*")]
    found = {
        path.parent.absolute(): path.stat().st_mtime
        for place, pattern in patterns
        for path in place.glob(f"{pattern}/config.yaml")
        if _is_of(application_name, path)
    }
    newest = sorted(found, key=lambda run: -found[run])[:MOST_KNOWN]
    here = Path.cwd()
    is_near_here = not near.is_absolute()
    return [
        str(run.relative_to(here) if is_near_here and run.is_relative_to(here) else run)
        for run in newest
    ]


def _is_of(application_name: str, config: Path) -> bool:
    """Whether a config, as runs write it, is one of an application."""
    try:
        return config.read_bytes().startswith(f"application: {application_name}\n".encode())
    except OSError:
        return False


def _refuse_other_files(directory: Path) -> None:
    """What is in a run's directory may later be replaced, so nobody's own files may be there."""
    there = directory.iterdir() if directory.exists() else ()
    others = sorted(path.name for path in there if not path.name.startswith("."))
    if others:
        raise UsageError(
            f"{directory} is no run and holds other files, such as {others[0]}. Choose a new or an "
            "empty directory with --run."
        )


def _move_aside(application_name: str, directory: Path) -> None:
    _refuse_what_is_no_run(application_name, directory)
    previous = directory.with_name(f"{directory.name}.previous")
    with sole_user(directory):
        if previous.exists():
            _refuse_what_is_no_run(application_name, previous)
            shutil.rmtree(previous)
        directory.rename(previous)


def _refuse_what_is_no_run(application_name: str, directory: Path) -> None:
    """What only looks like a run is neither moved nor deleted."""
    path = directory / "config.yaml"
    read_config(application_name, read_text(path), str(path))


def read_config(
    application_name: str, text: str, source: str, assignments: Sequence[str] = ()
) -> Config:
    """The config written in `text`, with `KEY=VALUE` overrides, for this application."""
    application = load_application(application_name)
    values = override(load_yaml(text, source), assignments)
    owner = values.get("application")
    if owner != application_name:
        raise UsageError(
            f"{source} is a config of {in_short(str(owner))}, not of {application_name}."
            if owner
            else f"{source} does not say which application it is for: application is missing."
        )
    return build_config(application.config_class, application.models, values, source, assignments)


def trains_alike(one: Config, other: Config) -> bool:
    """Whether two configs differ in nothing but what may change while a run goes on."""
    return _comparable(one) == _comparable(other)


def _refuse_other_config(directory: Path, before: Config, now: Config) -> None:
    if trains_alike(before, now):
        return
    difference = difflib.ndiff(before.to_yaml().splitlines(), now.to_yaml().splitlines())
    changes = "\n".join(line for line in difference if line.startswith(("-", "+")))
    raise UsageError(
        f"The run {directory} was trained with another config:\n{changes}\n"
        "Choose another directory with --run, or start over with --fresh."
    )


def _comparable(config: Config) -> Config:
    """The config without what may change while a run goes on.

    How long it is to go on is up to the user, and whether data are the same is said by their
    content, not by their place. What other runs are made of the same config is not of this one, nor
    does training know of how its model is asked.
    """
    config = config.of_training()
    training = config.training.model_copy(update={"steps": 1})
    places = {
        name: None for name in ("path", "target_path", "exclude") if hasattr(config.data, name)
    }
    data = config.data.model_copy(update=places)
    return config.model_copy(update={"training": training, "data": data})

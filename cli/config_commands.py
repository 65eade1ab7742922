"""Looking at configs: what one says in full, and what an application's may say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.paths import PATH

if TYPE_CHECKING:
    from dlapps.config.files import ConfigFile


@click.group()
def config() -> None:
    """Look at configs."""


@config.command()
@click.argument("config_path", metavar="CONFIG", type=PATH)
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Change a setting.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(config_path: Path, assignments: tuple[str, ...], as_json: bool) -> None:
    """Print CONFIG (a name, APPLICATION/NAME, or a file) with every default written out."""
    from cli.tensorflow_startup import start_tensorflow
    from dlapps.config.files import read_text

    application, file = find_anywhere(config_path)
    start_tensorflow()
    from dlapps.runs.directory import read_config

    text = read_text(file.path)
    settings = read_config(application, text, str(file.path), assignments)
    if as_json:
        click.echo(json.dumps(settings.model_dump(mode="json"), indent=1))
    else:
        click.echo(settings.to_yaml(), nl=False)


@config.command()
@click.argument("application")
def schema(application: str) -> None:
    """Print the JSON schema of an APPLICATION's configs, for an editor to check against."""
    from cli.tensorflow_startup import start_tensorflow

    start_tensorflow()
    from dlapps.applications import load_application
    from dlapps.config.schema import json_schema

    found = load_application(application)
    described = json_schema(application, found.config_class, found.models)
    click.echo(json.dumps(described, indent=1))


def find_anywhere(path: Path) -> tuple[str, "ConfigFile"]:
    """The application and the file that a config's name, APPLICATION/NAME or path means."""
    from dlapps.applications import application_names
    from dlapps.config.files import ConfigFile, config_files, load_yaml, read_text
    from dlapps.errors import UsageError, did_you_mean, in_short

    name = str(path)
    found = [(app, file) for app in application_names() for file in config_files(app)]
    known = [(app, file) for app, file in found if name in (file.name, f"{app}/{file.name}")]
    if len(known) > 1:
        owners = " and ".join(f"{app}/{file.name}" for app, file in known)
        raise UsageError(f"There are {owners}; say which of them.")
    if known:
        return known[0]
    if not path.is_file():
        names = [file.name for _, file in found]
        raise UsageError(f"There is no config {in_short(name)}" + did_you_mean(name, names))
    application = load_yaml(read_text(path), name).get("application")
    if application is None:
        raise UsageError(
            f"{name} does not say which application it is for: application is missing."
        )
    return str(application), ConfigFile(path)

"""Looking at configs: what one says in full, and what an application's may say."""

import json
from pathlib import Path

import click

from cli.paths import PATH


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
    from dlapps.config.files import find_any_config, read_text

    application, file = find_any_config(str(config_path))
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

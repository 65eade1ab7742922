"""Published data sets: which there are, and getting one ready."""

import json

import click

from cli.application_commands import data_options


@click.group()
def data() -> None:
    """Look at and prepare published data sets."""


@data.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@data_options
def list_command(as_json: bool) -> None:
    """List the published data sets and where each would come from."""
    from dlapps.data.sources.published import describe, published_names

    found = {name: describe(name) for name in published_names()}
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for name, state in found.items():
        click.echo(f"{name}: {state}")


@data.command()
@click.argument("name")
@data_options
def prepare(name: str) -> None:
    """Download NAME, or read its raw files, and keep it in TFDS' form."""
    from cli.tensorflow_startup import start_tensorflow

    start_tensorflow()
    from dlapps.data.sources.published import describe, load_published

    load_published(name)
    click.echo(f"{name}: {describe(name)}")

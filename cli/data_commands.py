"""Data sets: which are published, getting one ready, and a look at that of a config."""

import json
from pathlib import Path
from typing import Any

import click

from cli.application_commands import JSON, data_options
from cli.paths import PATH
from dlapps.errors import printable
from dlapps.files import json_text

SHOWN_PAIRS = 10


@click.group()
def data() -> None:
    """List and prepare published data sets, and look into the data of a config."""


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
    from dlapps.data.sources.published import describe, prepare_published

    prepare_published(name)
    click.echo(f"{name}: {describe(name)}")


@data.command()
@click.argument("config")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one setting, such as data.path=photos.",
)
@click.option(
    "--to",
    "directory",
    metavar="DIR",
    type=PATH,
    help="Where the pictures go.  [default: inspections/APPLICATION/CONFIG]",
)
@JSON
@data_options
def inspect(
    config: str, assignments: tuple[str, ...], directory: Path | None, as_json: bool
) -> None:
    """Look into the data of CONFIG before any training.

    Counts the examples and classes of each split, finds those that are there twice, within a split
    and across, and those without content, and draws the classes, the mean images and the
    duplicates. CONFIG is a name from `dlapps list` or a YAML file, of any application.
    """
    from dlapps.config.files import find_any_config, read_text

    application, file = find_any_config(config)
    from cli.tensorflow_startup import start_tensorflow

    start_tensorflow()
    from dlapps.runs.directory import read_config
    from dlapps.runs.inspection import inspect_data

    settings = read_config(application, read_text(file.path), str(file.path), assignments)
    default = Path("inspections", application, file.name)
    found = inspect_data(settings, file.name, directory or default)
    if as_json:
        click.echo(json_text(found))
        return
    for line in _lines(found):
        click.echo(printable(line))


def _lines(found: dict[str, Any]) -> list[str]:
    """What was found, in words."""
    lines = []
    for split, described in found["splits"].items():
        lines.append(f"{split}: {described['num_examples']:,} examples{_classes_text(described)}")
        if "looked_at" in described:
            lines.append(f"  {described['looked_at']:,} of them were looked at, evenly spaced.")
        for name, number in described.get("objects", {}).items():
            lines.append(f"  {name}: {number:,} objects")
        if described.get("without_objects"):
            lines.append(f"  without an object: {described['without_objects']:,} images")
        for side, words in described.get("words", {}).items():
            lines.append(f"  {side}: {_range_text(words)} words")
        empty = described["without_content"]
        if empty:
            lines.append(f"  without content: {', '.join(empty[:SHOWN_PAIRS])}")
    for side, sizes in found.get("file_sizes", {}).items():
        lines.append(f"{side} of the files: {_range_text(sizes)} pixels")
    duplicates = found["duplicates"]
    for place, counts in duplicates["counts"].items():
        lines.append(f"twice in {place}: {counts['equal']:,} equal, {counts['alike']:,} alike")
    if not duplicates["counts"]:
        lines.append("twice: none")
    if duplicates.get("labels_differ"):
        lines.append(f"of these pairs with different labels: {duplicates['labels_differ']:,}")
    for pair in duplicates["pairs"][:SHOWN_PAIRS]:
        sides = [
            f"{side['split']}: {side['name']}" + (f" ({side['label']})" if side["label"] else "")
            for side in (pair["first"], pair["second"])
        ]
        lines.append(f"  {' = '.join(sides)}")
    return [*lines, *found["files"]]


def _classes_text(described: dict[str, Any]) -> str:
    classes = described.get("classes")
    if not classes:
        return ""
    (rarest, fewest), *_, (commonest, most) = sorted(
        [*classes.items(), *classes.items()], key=lambda item: item[1]
    )
    return (
        f" of {len(classes)} classes, from {fewest:,} ({rarest}) to {most:,} ({commonest}) of each"
    )


def _range_text(values: dict[str, float]) -> str:
    return (
        f"{values['smallest']:g} to {values['largest']:g}, half of them up to {values['median']:g}"
    )

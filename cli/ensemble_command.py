"""`dlapps ensemble`: several trained runs that answer together."""

from pathlib import Path

import click

from cli.application_commands import JSON, MOVED, data_options
from cli.paths import PATH
from cli.tensorflow_startup import start_tensorflow
from dlapps.files import json_text


@click.command()
@click.argument("directories", metavar="RUN RUN...", nargs=-1, required=True, type=PATH)
@JSON
@data_options
@MOVED
def ensemble(directories: tuple[Path, ...], as_json: bool, assignments: tuple[str, ...]) -> None:
    """Measure the mean answer of several trained RUNs on their common test split.

    The runs are those of one classifier with several seeds, such as compare leaves
    (runs/classification/mnist_lenet5/*), or of several classifiers of the same data.
    """
    start_tensorflow()
    from dlapps.runs.ensemble import ensemble_table, measure_ensemble

    document = measure_ensemble(directories, assignments)
    click.echo(json_text(document) if as_json else ensemble_table(document), nl=as_json)

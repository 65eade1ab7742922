"""Searching a config's settings: which trial validates best."""

from pathlib import Path
from typing import Any

import click

from cli.application_commands import JSON, data_options
from cli.paths import PATH
from cli.tensorflow_startup import start_tensorflow
from dlapps.errors import UsageError
from dlapps.files import json_text


@click.command()
@click.argument("config_path", metavar="CONFIG", type=PATH)
@click.option(
    "--space",
    "space",
    multiple=True,
    required=True,
    metavar="FILE|KEY=VALUES",
    help="What a setting may be: KEY=1e-4..1e-2 (also: log, linear, step 16), KEY=relu|tanh, or a "
    "YAML file of such.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="How many trials there are to be in all.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one setting of every trial, such as training.steps=500.",
)
@click.option(
    "--to",
    "directory",
    metavar="DIR",
    type=PATH,
    help="Where to keep the search.  [default: searches/APPLICATION/CONFIG]",
)
@JSON
@data_options
def search(
    config_path: Path,
    space: tuple[str, ...],
    trials: int,
    assignments: tuple[str, ...],
    directory: Path | None,
    as_json: bool,
) -> None:
    """Try settings of CONFIG, and write the best as a config; continues a stopped search.

    CONFIG is a name, APPLICATION/NAME, or a file. Each trial is a run of its own, chosen and ended
    early by what was validated; the test split is never measured.
    """
    from dlapps.config.files import find_any_config, read_text
    from dlapps.config.search_space import read_space

    application, file = find_any_config(str(config_path))
    dimensions = read_space(space)
    _refuse_without_optuna()
    start_tensorflow()
    from dlapps.runs.search import Search
    from dlapps.runs.search_report import report_search

    directory = directory or Path("searches", application, file.name)
    asked = Search(
        directory, application, file.name, read_text(file.path), str(config_path), assignments,
        dimensions,
    )  # fmt: skip
    found = report_search(asked, asked.run(trials))
    if as_json:
        click.echo(json_text(found))
    else:
        _echo_found(application, found)


def _refuse_without_optuna() -> None:
    try:
        import optuna  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            "dlapps search needs Optuna, which is not installed: pip install 'dlapps[search]'"
        ) from error


def _echo_found(application: str, found: dict[str, Any]) -> None:
    best, counts = found["best"], found["trials"]
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()))
    click.echo(f"best trial: {best['trial']}")
    click.echo(f"{found['metric'].replace('_', ' ')}: {best['value']:.5g}")
    for key, text in best["settings"].items():
        click.echo(f"{key}: {text}")
    if found["importance"] is None:
        click.echo("What mattered cannot be said: too few trials were completed, or all alike.")
    else:
        for key, share in found["importance"].items():
            click.echo(f"importance of {key}: {share:.0%}")
    for file in (*found["pictures"], found["config"]):
        click.echo(file)
    click.echo(f"Next: dlapps {application} train {found['config']}", err=True)

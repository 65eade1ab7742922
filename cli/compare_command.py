"""`dlapps compare`: configs side by side, each trained with several seeds."""

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from cli.application_commands import data_options
from cli.paths import PATH
from cli.tensorflow_startup import start_tensorflow
from dlapps.errors import DlappsError, UsageError, in_short
from dlapps.files import json_text
from dlapps.progress import SECONDS_BETWEEN_LINES

if TYPE_CHECKING:
    from dlapps.runs.matrix import Matrix


@click.command()
@click.argument("configs", metavar="CONFIG...", nargs=-1, required=True)
@click.option(
    "--seeds", "num_seeds", type=click.IntRange(1), default=3, show_default=True,
    help="Train each config with the seeds from 0 on, so many.",
)  # fmt: skip
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE",
    help="Change one setting of all configs, such as training.steps=500.",
)  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True,
    help="Runs trained at a time, which share the cores.",
)  # fmt: skip
@click.option(
    "--runs", type=PATH, default="runs", show_default=True, metavar="DIR",
    help="Where the runs are kept, as DIR/APPLICATION/CONFIG/SEED.",
)  # fmt: skip
@click.option(
    "--to", "target", type=PATH, metavar="FILE",
    help="Write FILE.md, .json and .png, and FILE_curves.png.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@data_options
def compare(
    configs: tuple[str, ...],
    num_seeds: int,
    assignments: tuple[str, ...],
    jobs: int,
    runs: Path,
    target: Path | None,
    as_json: bool,
) -> None:
    """Train every CONFIG with several seeds, measure it, and set the results side by side.

    CONFIG is a name from `dlapps list` or a YAML file, of any application. Runs that are there
    are reused or continued; stopped at any moment, the same command goes on. Several such
    commands, on one machine or on many that share the folder, share the work.
    """
    from dlapps.config.files import find_any_config

    for assignment in assignments:
        if assignment.partition("=")[0] == "seed":
            raise UsageError(f"--set {in_short(assignment)}: compare sets the seeds, by --seeds.")
    files = [find_any_config(name) for name in configs]
    start_tensorflow()
    from dlapps.runs.comparison import (
        compare_runs,
        comparison_table,
        missing_runs,
        write_comparison,
    )
    from dlapps.runs.matrix import Matrix, matrix_of
    from dlapps.training.distribution import num_workers

    if num_workers() > 1:
        raise UsageError(
            "compare shares its runs among processes that know nothing of one another, but "
            "TF_CONFIG names several workers; unset it, or train each run by itself."
        )
    cells = matrix_of(files, range(num_seeds), assignments, runs)
    matrix = Matrix(cells, jobs)
    finish(matrix)
    options = ["--seeds", str(num_seeds), *(w for each in assignments for w in ("--set", each))]
    options += ["--jobs", str(jobs)] if jobs > 1 else []
    document = compare_runs(
        cells, matrix.failures, shlex.join(["dlapps", "compare", *configs, *options])
    )
    click.echo(json_text(document) if as_json else comparison_table(document), nl=as_json)
    if target is not None:
        for path in write_comparison(document, cells, target):
            click.echo(path, err=True)
    if document["missing"] and as_json:  # The document tells of it.
        sys.exit(1)
    if document["missing"]:
        told = missing_runs(document["missing"])
        raise DlappsError("\n".join([f"{len(told)} of {len(cells)} runs are missing.", *told]))


def finish(matrix: "Matrix") -> None:
    """Brings the runs to their ends, while stderr says how far they are."""
    display = _Display(matrix)
    try:
        matrix.finish(display.show)
    finally:
        display.close()


class _Display:
    """The steps of all runs as one bar on a terminal, lines now and then elsewhere."""

    def __init__(self, matrix: "Matrix"):
        self._on_terminal = sys.stderr.isatty()
        total = sum(cell.config.training.steps for cell in matrix.cells)
        self._bar = tqdm(total=total, unit="step", disable=not self._on_terminal)
        self._said = time.monotonic()

    def show(self, matrix: "Matrix") -> None:
        """Brings the display to where the runs stand."""
        finished, total = matrix.counts()
        at_work = "; ".join(matrix.at_work()) or "waiting for runs that others hold"
        described = f"{finished} of {total} runs ({at_work})"
        if self._on_terminal:
            self._bar.set_description(described, refresh=False)
            self._bar.update(sum(matrix.steps.values()) - self._bar.n)
        elif time.monotonic() - self._said >= SECONDS_BETWEEN_LINES:
            click.echo(f"{described}: {sum(matrix.steps.values())} steps", err=True)
            self._said = time.monotonic()

    def close(self) -> None:
        """Ends the bar."""
        self._bar.close()

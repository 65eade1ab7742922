"""`suspects`: which labels of a run's data are probably wrong."""

import shlex
from pathlib import Path

import click

from cli.application_commands import JSON, MOVED, RUN, data_options
from cli.compare_command import finish
from cli.paths import PATH
from cli.tensorflow_startup import start_tensorflow
from dlapps.errors import DlappsError, UsageError, printable
from dlapps.files import json_text

SPLITS = ("train", "validation", "test")
DEFAULT_FOLDS = 5


def suspects(name: str) -> click.Command:
    """The command for the application called `name`."""

    @click.command("suspects")
    @RUN
    @click.option("--split", type=click.Choice(SPLITS), help="This one alone.  [default: all]")
    @click.option(
        "--top", type=click.IntRange(1), default=20, show_default=True,
        help="How many of the worst to print and to draw; the list has all.",
    )  # fmt: skip
    @click.option(
        "--folds", "num_folds", type=click.IntRange(0, 1000), default=DEFAULT_FOLDS,
        show_default=True,
        help="Into how many parts train falls, each judged by a run that learned from the others; "
        "0: nothing is trained, and suspects are the mistakes of RUN by its loss.",
    )  # fmt: skip
    @click.option(
        "--jobs", type=click.IntRange(1), default=1, show_default=True,
        help="Runs of folds trained at a time, which share the cores.",
    )  # fmt: skip
    @click.option(
        "--to", "target", metavar="DIR", type=PATH,
        help="Where the list and the picture go.  [default: RUN/suspects]",
    )  # fmt: skip
    @JSON
    @data_options
    @MOVED
    def command(
        directory: Path,
        split: str | None,
        top: int,
        num_folds: int,
        jobs: int,
        target: Path | None,
        as_json: bool,
        assignments: tuple[str, ...],
    ) -> None:
        """Find the examples of a trained RUN whose label is probably wrong.

        For its training split, runs like RUN are trained that each leave out a fold, in RUN/folds;
        stopped at any moment, the same command goes on, and given again it trains nothing. The
        list, without the lines that you find right, is what data.exclude takes.
        """
        if num_folds == 1:
            raise UsageError("--folds 1 leaves nothing to learn from: give 0, or at least 2.")
        start_tensorflow()
        from dlapps.runs.folds import TRAIN, fold_cells
        from dlapps.runs.matrix import Matrix
        from dlapps.runs.suspects import (
            classes_of,
            find_suspects,
            suspects_document,
            suspects_table,
            write_suspects,
        )
        from dlapps.runs.trained import open_run

        run = open_run(name, directory, assignments)
        classes_of(run)  # Refuses what has none before anything is trained.
        splits = (split,) if split else SPLITS
        cells = fold_cells(run, num_folds) if TRAIN in splits else []
        matrix = Matrix(cells, jobs)
        finish(matrix)
        if matrix.failures:
            failed = [f"{path}: {reason}" for path, reason in matrix.failures.items()]
            raise DlappsError("\n".join(["Not all runs of the folds could be trained.", *failed]))
        found = find_suspects(run, splits, cells if num_folds else None)
        document = suspects_document(run, splits, num_folds, found, top)
        files = write_suspects(run, found, top, target or directory / "suspects")
        if as_json:
            click.echo(json_text({**document, "files": [str(file) for file in files]}))
            return
        click.echo(suspects_table(document))
        for file in files:
            click.echo(printable(str(file)))
        click.echo(
            "Next: look at them, delete from the list what is right, and train in another "
            f"directory with --set data.exclude={shlex.quote(str(files[0]))}",
            err=True,
        )

    return command

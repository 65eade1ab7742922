"""`explain`: what a run learned, and how it comes to its answers."""

from pathlib import Path

import click

from cli.answers import end_with, failures_of
from cli.application_commands import (
    JSON,
    MOVED,
    RUN,
    data_options,
    open_named_run,
    read_inputs,
)
from dlapps.errors import printable
from dlapps.files import json_text


def explain(name: str) -> click.Command:
    """The command for the application called `name`."""

    @click.command("explain", context_settings={"ignore_unknown_options": True})
    @RUN
    @click.argument("inputs", metavar="[INPUT...]", nargs=-1, callback=read_inputs)
    @click.option(
        "--method",
        metavar="NAME",
        help="How to find what in INPUT the answer came from, such as grad_cam or saliency; or "
        "all, every one that suits the network. feature_maps and inversion show what a layer does.",
    )
    @click.option(
        "--target",
        metavar="CLASS",
        help="What to explain, in place of the answer, such as a class.",
    )
    @click.option(
        "--layer", metavar="LAYER", help="The layer to look at; without INPUT, what it learned."
    )
    @click.option(
        "--picture",
        metavar="NAME",
        help="Draw only this picture: one that takes longer, such as loss_surface, or one of how "
        "training went, such as weights_over_time.",
    )
    @JSON
    @data_options
    @MOVED
    def command(
        directory: Path,
        inputs: tuple[str, ...],
        method: str | None,
        target: str | None,
        layer: str | None,
        picture: str | None,
        as_json: bool,
        assignments: tuple[str, ...],
    ) -> None:
        """Draw what a trained RUN learned, or how it comes to its answer for each INPUT.

        Without INPUT the pictures go to RUN/pictures and, without --layer, into RUN/report.html;
        with it, to RUN/predictions. INPUT may be all that predict takes.
        """
        if not inputs and (method or target):
            raise click.UsageError("--method and --target explain an INPUT; none is given.")
        if picture and (inputs or layer):
            raise click.UsageError(
                "--picture draws what RUN learned as a whole; it takes no INPUT and no --layer."
            )
        run = open_named_run(name, directory, assignments)
        if picture:
            from dlapps.runs.report import draw_further_picture

            paths = draw_further_picture(run, picture)
            _echo_files({"files": [str(path) for path in paths]}, as_json)
            return
        if not inputs:
            from dlapps.runs.layer_pictures import explain_layer
            from dlapps.runs.report import explain_run

            files = explain_layer(run, layer) if layer else explain_run(run)
            _echo_files({"files": [str(path) for path in files]}, as_json)
            return
        from dlapps.runs.explanation import explain_inputs

        records = explain_inputs(run, inputs, method, target, layer)
        failures = failures_of(records)
        files = [file for record in records for file in record.get("files", [])]
        _echo_files({"files": files, "errors": failures}, as_json)
        end_with(failures, records)

    return command


def _echo_files(document: dict[str, list], as_json: bool) -> None:
    if as_json:
        click.echo(json_text(document))
    else:
        for file in document["files"]:
            click.echo(printable(file))

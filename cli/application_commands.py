"""What can be done with any application: train, evaluate, predict, export, and what it takes."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.answers import (
    echo_answers,
    echo_detections,
    echo_metrics,
    echo_streams,
    echo_values,
    end_with,
    failures_of,
)
from cli.paths import PATH
from cli.tensorflow_startup import start_tensorflow
from dlapps.files import json_text

if TYPE_CHECKING:
    from dlapps.runs.trained import TrainedRun

Command = TypeVar("Command", bound=Callable[..., Any])

RUN = click.argument("directory", metavar="RUN", type=PATH)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
MOVED = click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Say where the data lie now (data.path=...), or measure and ask otherwise "
    "(evaluation.KEY=...).",
)


def data_options(command: Command) -> Command:
    """Adds the options that say where published data lies on this machine."""
    for name, variable, text in (
        ("--data-dir", "DLAPPS_DATA_DIR", "Prepared data sets of TFDS."),
        ("--manual-dir", "DLAPPS_MANUAL_DIR", "Raw files, one folder a data set."),
    ):
        command = click.option(
            name,
            envvar=variable,
            show_envvar=True,
            help=text,
            metavar="DIR",
            type=PATH,
            expose_value=False,
            callback=_setter(variable),
        )(command)
    return command


def _setter(variable: str):
    def set_variable(_context: click.Context, _parameter: click.Parameter, value: Path | None):
        if value:
            os.environ[variable] = str(value)

    return set_variable


def application_group(name: str) -> click.Group:
    """The commands of the application called `name`."""
    from cli.explain_command import explain
    from cli.learning_rate_command import find_learning_rate
    from cli.listing import summary_of
    from cli.suspects_command import suspects

    group = click.Group(name, help=summary_of(name), short_help=summary_of(name))
    for build in (_train, _evaluate, _predict, _export, explain, find_learning_rate, suspects):
        group.add_command(build(name))
    return group


def open_named_run(name: str, directory: Path, assignments: tuple[str, ...] = ()) -> "TrainedRun":
    """The run of the application called `name` in a directory, with TensorFlow started for it."""
    start_tensorflow()
    from dlapps.runs.trained import open_run

    return open_run(name, directory, assignments)


def _train(name: str) -> click.Command:
    @click.command("train")
    @click.argument("config", type=PATH)
    @click.option(
        "--run",
        "directory",
        type=PATH,
        help="Where to keep the run.  [default: runs/APPLICATION/CONFIG/SEED]",
    )
    @click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change one setting, such as training.steps=500.",
    )
    @click.option("--fresh", is_flag=True, help="Start over; the run there moves to RUN.previous.")
    @JSON
    @data_options
    def train(
        config: Path,
        directory: Path | None,
        assignments: tuple[str, ...],
        fresh: bool,
        as_json: bool,
    ) -> None:
        """Train CONFIG, a name from `dlapps list` or a YAML file; continues a stopped run."""
        from dlapps.config.files import find_config, read_text

        file = find_config(name, str(config))
        start_tensorflow()
        from dlapps.runs.directory import create_run, read_config

        text = read_text(file.path)
        settings = read_config(name, text, str(file.path), assignments)
        directory = directory or Path("runs", name, file.name, str(settings.seed))
        outcome = create_run(name, settings, directory, fresh).train(file.name)
        echo_values(outcome, as_json)
        if not as_json:
            click.echo(f"Next: dlapps {name} evaluate {shlex.quote(str(directory))}", err=True)

    return train


def _evaluate(name: str) -> click.Command:
    @click.command("evaluate")
    @RUN
    @JSON
    @data_options
    @MOVED
    def evaluate(directory: Path, as_json: bool, assignments: tuple[str, ...]) -> None:
        """Measure a trained RUN on the test and the validation split."""
        metrics = open_named_run(name, directory, assignments).evaluate()
        if as_json:
            click.echo(json_text(metrics))
        else:
            echo_metrics(metrics)

    return evaluate


def read_inputs(
    context: click.Context, parameter: click.Parameter, inputs: tuple[str, ...]
) -> tuple[str, ...]:
    """The inputs, among them numbers such as -7 but no mistyped option; `-` is stdin's lines."""
    given: list[str] = []
    for text in inputs:
        if text.startswith("--"):
            raise click.NoSuchOption(text, ctx=context)
        given += _lines_of_stdin() if text == "-" else [text]
    return tuple(given)


def _lines_of_stdin() -> list[str]:
    lines = [os.fsdecode(line).rstrip("\r\n") for line in sys.stdin.buffer]
    lines = [line for line in lines if line.strip()]
    if not lines:
        raise click.UsageError("There is no input on stdin, where - looks for one a line.")
    return lines


def _predict(name: str) -> click.Command:
    @click.command("predict", context_settings={"ignore_unknown_options": True})
    @RUN
    @click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, callback=read_inputs)
    @click.option(
        "--to",
        "target",
        metavar="DIR",
        type=PATH,
        help="Where answers that are files go.  [default: RUN/predictions]",
    )
    @click.option(
        "--stream",
        is_flag=True,
        help="Search a long INPUT, and print what is found as it is found.",
    )
    @JSON
    @data_options
    @MOVED
    def predict(
        directory: Path,
        inputs: tuple[str, ...],
        target: Path | None,
        stream: bool,
        as_json: bool,
        assignments: tuple[str, ...],
    ) -> None:
        """Answer for each INPUT with a trained RUN.

        Where inputs are files, a folder or a glob ('photos/*.png') stands for those in it. A
        single - stands for a list of inputs on stdin, one a line. What cannot be answered is
        named, and the exit code is then 1; it is 2 if that is all.
        """
        run = open_named_run(name, directory, assignments)
        if stream:
            records = echo_detections(run, inputs, as_json)
        elif not as_json and run.stream(inputs[0]) is not None:
            records = echo_streams(run, inputs)
        else:
            records = run.predict(inputs, target)
            if not as_json:
                echo_answers(records)
        failures = failures_of(records)
        if as_json:
            click.echo(json_text(records))
        end_with(failures, records)

    return predict


def _export(name: str) -> click.Command:
    @click.command("export")
    @RUN
    @click.option(
        "--to",
        "target",
        default="saved_models",
        show_default=True,
        metavar="DIR",
        type=PATH,
        help="Where the SavedModels lie.",
    )
    @click.option("--name", "model_name", help="What to call it.  [default: the config's name]")
    @click.option(
        "--format",
        "format_name",
        type=click.Choice(["savedmodel", "onnx", "litert"]),
        default="savedmodel",
        show_default=True,
        help="What to write; onnx and litert hold what goes from numbers to numbers.",
    )
    @click.option("--signature", help="onnx, litert: this one alone.  [default: all that can be]")
    @click.option(
        "--quantize", type=click.Choice(["int8"]), help="litert: 8-bit numbers, fitted to the data."
    )
    @JSON
    @data_options
    @MOVED
    def export(
        directory: Path,
        target: Path,
        model_name: str | None,
        format_name: str,
        signature: str | None,
        quantize: str | None,
        as_json: bool,
        assignments: tuple[str, ...],
    ) -> None:
        """Write a trained RUN as a SavedModel, after comparing it with the Keras model.

        With --format, write it for onnxruntime or for LiteRT instead.
        """
        if format_name == "savedmodel":
            _refuse_with_saved_model(signature, quantize)
            saved_model = open_named_run(name, directory, assignments).export(target, model_name)
            echo_values({"saved_model": str(saved_model)}, as_json)
            return
        folder = open_named_run(name, directory, assignments).export_network(
            target, model_name, format_name, signature, quantize
        )
        echo_values({format_name: str(folder)}, as_json)

    return export


def _refuse_with_saved_model(signature: str | None, quantize: str | None) -> None:
    if quantize:
        raise click.UsageError(f"--quantize {quantize} goes with --format litert.")
    if signature:
        raise click.UsageError(
            "--signature goes with --format onnx or litert; a SavedModel has all of them."
        )

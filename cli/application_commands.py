"""What can be done with any application: train, evaluate, predict, export, and what it takes."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.paths import PATH
from cli.tensorflow_startup import start_tensorflow
from dlapps.errors import DlappsError, UsageError, in_short, printable
from dlapps.files import json_text

if TYPE_CHECKING:
    from dlapps.runs.trained import TrainedRun

MOST_CHOICES = 5
LONGEST_MESSAGE = 1000
"""Characters that are shown of an input, and of what is said of it."""

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
        _echo(outcome, as_json)
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
            _echo_metrics(metrics)

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
            records = _search(run, inputs, as_json)
        elif not as_json and run.stream(inputs[0]) is not None:
            records = _echo_streams(run, inputs)
        else:
            records = run.predict(inputs, target)
            if not as_json:
                _echo_answers(records)
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
            _echo({"saved_model": str(saved_model)}, as_json)
            return
        folder = open_named_run(name, directory, assignments).export_network(
            target, model_name, format_name, signature, quantize
        )
        _echo({format_name: str(folder)}, as_json)

    return export


def _refuse_with_saved_model(signature: str | None, quantize: str | None) -> None:
    if quantize:
        raise click.UsageError(f"--quantize {quantize} goes with --format litert.")
    if signature:
        raise click.UsageError(
            "--signature goes with --format onnx or litert; a SavedModel has all of them."
        )


def failures_of(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of inputs that could not be answered; raises UsageError if that is all."""
    failures = [record for record in records if "error" in record]
    if len(failures) == len(records):
        messages = dict.fromkeys(record["error"] for record in failures)
        raise UsageError("\n".join(in_short(each, LONGEST_MESSAGE) for each in messages))
    return failures


def end_with(failures: list[dict[str, Any]], records: list[dict[str, Any]]) -> None:
    """Says which inputs could not be answered, and why, and ends the command as a failed one."""
    for record in failures:
        click.echo(in_short(record["error"], LONGEST_MESSAGE), err=True)
    if failures:
        click.echo(f"{len(failures)} of {len(records)} inputs could not be answered.", err=True)
        # No error, which with --json would be a second document on stdout.
        sys.exit(DlappsError.exit_code)


def _echo(values: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json_text(values))
    else:
        for key, value in values.items():
            click.echo(f"{key.replace('_', ' ')}: {value}")


def _echo_metrics(metrics: dict[str, dict[str, Any]]) -> None:
    """Prints single numbers split by split; tables are left to metrics.json."""
    for split, values in metrics.items():
        for name, value in values.items():
            if isinstance(value, int | float):
                click.echo(f"{split} {name.replace('_', ' ')}: {_number(value)}")


def echo_record(record: dict[str, Any]) -> None:
    """Prints one answer: the input, then what was found, on one line; below it alternatives.

    Lists of anything but records are left to --json.
    """
    click.echo(printable("  ".join([in_short(record["input"], LONGEST_MESSAGE), *_parts(record)])))
    lists = [value for value in record.values() if isinstance(value, list)]
    for alternative in (each for found in lists for each in found if isinstance(each, dict)):
        click.echo(printable("  ".join(["", *_parts(alternative)])))


def _parts(record: dict[str, Any]) -> Iterator[str]:
    """What a record says of its input, each with its name; lists are left out."""
    for name, value in record.items():
        if name == "input" or isinstance(value, list):
            continue
        if isinstance(value, dict):
            likeliest = sorted(value.items(), key=lambda item: -item[1])[:MOST_CHOICES]
            value = ", ".join(f"{choice} {_number(share)}" for choice, share in likeliest)
        elif isinstance(value, float):
            value = _number(value)
        yield f"{name.replace('_', ' ')}: {value}"


def _echo_answers(records: list[dict[str, Any]]) -> None:
    for record in records:
        if "error" not in record:
            echo_record(record)


def _echo_streams(run: "TrainedRun", inputs: Sequence[str]) -> list[dict[str, Any]]:
    """Prints each answer as it is made; returns a record of each input, with its error if any."""
    records: list[dict[str, Any]] = []
    for text in inputs:
        record = {"input": text}
        try:
            for piece in run.stream(text) or ():
                # Line breaks are the text's own; all else that commands a terminal is shown.
                click.echo("\n".join(map(printable, piece.split("\n"))), nl=False)
                sys.stdout.flush()
            click.echo()
        except UsageError as error:
            record["error"] = str(error)
        records.append(record)
    return records


def _search(run: "TrainedRun", inputs: Sequence[str], as_json: bool) -> list[dict[str, Any]]:
    """A record of what is found in each input; without `as_json`, each is printed once found."""
    records: list[dict[str, Any]] = []
    for text in inputs:
        record: dict[str, Any] = {"input": text, "detections": []}
        records.append(record)
        try:
            for found in run.detections(text):
                record["detections"].append(found)
                if not as_json:
                    echo_record({"input": text, **found})
                    sys.stdout.flush()
            if not record["detections"]:
                click.echo(f"Nothing is found in {in_short(text)}.", err=True)
        except UsageError as error:
            record["error"] = str(error)
    return records


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"

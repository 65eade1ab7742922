"""What a command says of its answers: one line each for a person, and how it ends if some fail."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from dlapps.errors import DlappsError, UsageError, in_short, printable
from dlapps.files import json_text

if TYPE_CHECKING:
    from dlapps.runs.trained import TrainedRun

MOST_CHOICES = 5
LONGEST_MESSAGE = 1000
"""Characters that are shown of an input, and of what is said of it."""


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


def echo_values(values: dict[str, Any], as_json: bool) -> None:
    """Prints each value with its name on a line, or all as one JSON document."""
    if as_json:
        click.echo(json_text(values))
    else:
        for key, value in values.items():
            click.echo(f"{key.replace('_', ' ')}: {value}")


def echo_metrics(metrics: dict[str, dict[str, Any]]) -> None:
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


def echo_answers(records: list[dict[str, Any]]) -> None:
    """Prints those of the records that hold an answer."""
    for record in records:
        if "error" not in record:
            echo_record(record)


def echo_streams(run: "TrainedRun", inputs: Sequence[str]) -> list[dict[str, Any]]:
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


def echo_detections(
    run: "TrainedRun", inputs: Sequence[str], as_json: bool
) -> list[dict[str, Any]]:
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

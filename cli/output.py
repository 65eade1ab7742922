"""Results as a person reads them."""

from typing import Any

import click

MOST_CHOICES = 5


def echo_metrics(metrics: dict[str, dict[str, Any]]) -> None:
    """Prints single numbers split by split; tables are left to metrics.json."""
    for split, values in metrics.items():
        for name, value in values.items():
            if isinstance(value, int | float):
                click.echo(f"{split} {name.replace('_', ' ')}: {_number(value)}")


def echo_record(record: dict[str, Any]) -> None:
    """Prints one answer on one line: the input, then what was found."""
    parts = [str(record["input"])]
    for name, value in record.items():
        if name == "input":
            continue
        if isinstance(value, dict):
            likeliest = sorted(value.items(), key=lambda item: -item[1])[:MOST_CHOICES]
            value = ", ".join(f"{choice} {_number(share)}" for choice, share in likeliest)
        parts.append(f"{name}: {value}")
    click.echo("  ".join(parts))


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"

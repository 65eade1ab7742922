"""What the runs of several configs say side by side: a document, a table and a picture."""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlapps.config.schema import Config
from dlapps.errors import DlappsError
from dlapps.explain.figures.comparison import Row, comparison_figure
from dlapps.explain.figures.names import field_name
from dlapps.explain.figures.png import png_bytes
from dlapps.files import json_text, write_into
from dlapps.metrics.intervals import estimate, paired_difference
from dlapps.runs.cell import Cell
from dlapps.runs.documents import (
    ENVIRONMENT,
    METRICS,
    duration_text,
    memory_text,
    read_document,
)
from dlapps.runs.report import headline_of
from dlapps.runs.report_page import Headline, number_text

Document = Mapping[str, Any]


def compare_runs(cells: Sequence[Cell], command: str) -> Document:
    """Everything that is known of finished runs, config by config, as plain values.

    Raises DlappsError where none is finished, or where runs of a config measure different things.
    """
    by_config: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.is_finished():
            by_config.setdefault((cell.application, cell.config_name), []).append(cell)
    if not by_config:
        raise DlappsError("No run is finished, so that there is nothing to compare.")
    results: list[dict[str, Any]] = []
    for group in by_config.values():
        result = _result(group)
        baseline = next((other for other in results if other["data"] == result["data"]), None)
        if baseline is not None and baseline["metric"] == result["metric"]:
            difference = paired_difference(result["values"], baseline["values"])
            if difference is not None:
                result["difference"] = {"to": baseline["config"], **difference._asdict()}
        results.append(result)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"command": command, "date": date, "results": results}


def _result(cells: Sequence[Cell]) -> dict[str, Any]:
    """One config's: its runs by seed, and the metric to compare by."""
    config = cells[0].config
    runs = {cell.directory.name: _run(cell) for cell in cells}
    metrics = {seed: run["metrics"] for seed, run in runs.items()}
    headline = headline_of(config, next(iter(metrics.values())))
    if headline is None:
        raise DlappsError(f"{cells[0].directory} measured nothing that could be compared.")
    values = {
        seed: _measured(cells[0].config_name, seed, measured, headline)
        for seed, measured in metrics.items()
    }
    return {
        "application": config.application,
        "config": cells[0].config_name,
        "data": _data_of(config),
        "folds": config.evaluation.folds,
        "metric": headline.metric,
        "split": headline.split,
        "values": values,
        **estimate(list(values.values()))._asdict(),
        "reference": config.reference.model_dump() if config.reference else None,
        "runs": runs,
    }


def _measured(name: str, seed: str, metrics: Document, headline: Headline) -> float:
    value = metrics.get(headline.split, {}).get(headline.metric)
    if value is None:
        raise DlappsError(
            f"{name}, seed {seed}, has no finite {headline.metric} on its {headline.split} split, "
            "by which the runs are compared."
        )
    return value


def _run(cell: Cell) -> dict[str, Any]:
    """What one run measured and took; what is no single number stays in its own metrics.json."""
    environment = read_document(cell.directory / ENVIRONMENT)
    metrics = {
        split: {name: value for name, value in measured.items() if isinstance(value, int | float)}
        for split, measured in read_document(cell.directory / METRICS).items()
    }
    told = (
        "commit", "processor", "cores", "threads", "gpus", "precision", "packages", "steps",
        "seconds_of_steps", "load_average", "peak_memory", "parameters", "data_fingerprints",
    )  # fmt: skip
    return {"metrics": metrics, **{name: environment.get(name) for name in told}}


def _data_of(config: Config) -> str:
    """What the data are called: those of two configs are alike where this is."""
    path = getattr(config.data, "path", None)
    return config.data.name if path is None else f"{config.data.name} {path}"


def write_comparison(document: Document, file: Path) -> list[Path]:
    """Writes FILE.json, FILE.md and FILE.png; a suffix of `file` is not counted as its name."""
    contents: dict[str, str | bytes] = {
        ".json": json_text(document) + "\n",
        ".md": comparison_table(document),
        ".png": png_bytes(comparison_figure(_rows(document))),
    }
    stem = file.with_suffix("") if file.suffix in contents else file
    return [write_into(stem.parent, stem.name + suffix, text) for suffix, text in contents.items()]


def _rows(document: Document) -> list[Row]:
    return [
        Row(
            name=result["config"],
            metric=field_name(result["metric"]),
            values=list(result["values"].values()),
            interval=result["interval"],
            reference=result["reference"] and result["reference"]["value"],
        )
        for result in document["results"]
    ]


BUSY = 1.2
"""Processes a core from which on a machine counts as shared."""

HEAD = (
    "Config", "Metric", "Mean", "95 % interval", "Each seed", "Difference", "Published",
    "Steps", "Time", "Memory", "Parameters",
)  # fmt: skip


def comparison_table(document: Document) -> str:
    """The document as one Markdown table, with the sentences that belong to it below."""
    results = document["results"]
    rows = [HEAD, ["---"] * len(HEAD), *(_cells(result) for result in results)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return "\n\n".join([table, *_notes(results)]) + "\n"


def _cells(result: Document) -> list[str]:
    values = list(result["values"].values())
    runs = list(result["runs"].values())
    reference = result["reference"]
    return [
        f"`{result['config']}`",
        f"{field_name(result['metric'])} ({result['split']})",
        mean_text(result),
        _interval(result),
        ", ".join(map(number_text, values)),
        _difference(result.get("difference")),
        "" if reference is None else f"{number_text(reference['value'])} ({reference['source']})",
        _mean_of(runs, "steps", lambda steps: f"{steps:,.0f}"),
        _mean_of(runs, "seconds_of_steps", duration_text),
        _mean_of(runs, "peak_memory", memory_text),
        _mean_of(runs, "parameters", lambda count: f"{count:,.0f}"),
    ]


def mean_text(estimated: Document) -> str:
    """The mean, with the standard deviation where there is one."""
    deviation = estimated["standard_deviation"]
    mean = number_text(estimated["mean"])
    return mean if deviation is None else f"{mean} ± {deviation:.2g}"


def _interval(estimated: Document) -> str:
    if estimated["interval"] is None:
        return "one seed"
    low, high = map(number_text, estimated["interval"])
    return f"{low} to {high}"


def _difference(difference: Document | None) -> str:
    if difference is None:
        return ""
    interval = difference["interval"]
    within = "one seed" if interval is None else f"{interval[0]:+.2g} to {interval[1]:+.2g}"
    return f"{difference['mean']:+.2g} ({within})"


def _mean_of(runs: Sequence[Document], name: str, show: Any) -> str:
    """The mean over the runs that know of it; nothing where none does."""
    known = [run[name] for run in runs if run[name] is not None]
    return show(sum(known) / len(known)) if known else ""


def machine_of(run: Document) -> str:
    """What a run was trained on; of the cores, as many as it was given threads for."""
    share = "" if run["threads"] in (None, run["cores"]) else f"{run['threads']} of "
    return f"{share}{run['cores']} cores of {', '.join(run['gpus'] or ()) or run['processor']}"


def _short(commit: str) -> str:
    """The beginning of a commit's name, and whether what ran had other changes, too."""
    name, dash, dirty = commit.partition("-")
    return name[:12] + dash + dirty


def _notes(results: Sequence[Document]) -> list[str]:
    """How the figures came to be, and how the published ones did."""
    methods = dict.fromkeys(result["method"] for result in results if result["interval"])
    runs = [run for result in results for run in result["runs"].values()]
    machines = dict.fromkeys(map(machine_of, runs))
    commits = dict.fromkeys(_short(run["commit"] or "unknown") for run in runs)
    versions = dict.fromkeys(
        f"TensorFlow {run['packages']['tensorflow']}, Keras {run['packages']['keras']}"
        for run in runs
    )
    notes = [
        f"Mean ± standard deviation over seeds; intervals by {' and '.join(methods)}."
        if methods
        else "One seed each: nothing is known of how far another would be from it."
    ]
    folded = {result["config"]: result["folds"] for result in results if result["folds"]}
    notes += [
        f"{name} is cross-validated: its values are those of {folds} folds, named 0 and 0-fold1 "
        "on. They learn from much the same examples, so that the interval is too narrow."
        for name, folds in folded.items()
    ]
    if any(result.get("difference") for result in results):
        notes.append("Differences are to the first config of the same data, paired by seed.")
    notes += [
        f"{result['config']}, published: {result['reference']['source']}; "
        f"{result['reference']['protocol']}."
        for result in results
        if result["reference"]
    ]
    trained = f"Trained on {', '.join(machines)}; commit {', '.join(commits)}; "
    notes.append(f"{trained}{', '.join(versions)}. Time is that of the training steps alone.")
    loads = [run["load_average"] / run["cores"] for run in runs if run["load_average"]]
    if max(loads, default=0) > BUSY:
        notes.append(
            f"Other work shared the machine (up to {max(loads):.1f} processes a core): alone, the "
            "times would be shorter."
        )
    return notes

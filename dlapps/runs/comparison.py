"""What the runs of several configs say side by side: a document, a table and a picture."""

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlapps.errors import DlappsError
from dlapps.explain.figures.comparison import Row, comparison_figure
from dlapps.explain.figures.learning_curves import Course, learning_curves_figure
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
from dlapps.runs.report_page import number_text
from dlapps.training.history import read_history

Document = Mapping[str, Any]


def compare_runs(cells: Sequence[Cell], failures: Mapping[Path, str], command: str) -> Document:
    """Everything that is known of the runs, config by config, as plain values.

    `missing` tells of each run that counts for nothing, why: of `failures`, by directory, and of
    what was measured. Raises DlappsError where no run counts.
    """
    missing: dict[str, str] = {}
    by_config: dict[tuple[str, str], dict[str, tuple[Cell, Document]]] = {}
    for cell in cells:
        if cell.is_finished():
            runs = by_config.setdefault((cell.application, cell.config_name), {})
            runs[cell.directory.name] = (cell, _run(cell))
        else:
            missing[cell.name] = failures.get(cell.directory, "it is not finished.")
    results: list[dict[str, Any]] = []
    for group in by_config.values():
        result = _result(group, missing)
        if result is not None:
            results.append(result | _difference_to_the_first(result, results))
    if not results:
        raise DlappsError("\n".join(["There is nothing to compare.", *missing_runs(missing)]))
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"command": command, "date": date, "results": results, "missing": missing}


def missing_runs(missing: Mapping[str, str]) -> list[str]:
    """A line for each run that counts for nothing: why."""
    return [f"{name}: {why}" for name, why in missing.items()]


def _result(
    group: Mapping[str, tuple[Cell, Document]], missing: dict[str, str]
) -> dict[str, Any] | None:
    """One config's: its runs by seed, and the metric to compare by; None where no run has it.

    Runs without that are noted in `missing`.
    """
    cell = next(iter(group.values()))[0]
    config = cell.config
    headlines = [headline_of(config, run["metrics"]) for _, run in group.values()]
    headline = next(filter(None, headlines), None)
    values: dict[str, float] = {}
    for seed, (other, run) in group.items():
        value = headline and run["metrics"].get(headline.split, {}).get(headline.metric)
        if value is None:
            missing[other.name] = "it measured nothing finite to compare by."
        else:
            values[seed] = value
    if headline is None or not values:
        return None
    reference = config.reference
    if reference is not None and reference.metric != headline.metric:
        reference = None
    return {
        "application": config.application,
        "config": cell.config_name,
        "settings": _from_here(config.model_dump(mode="json")),
        "folds": config.evaluation.folds,
        "metric": headline.metric,
        "split": headline.split,
        "values": values,
        **estimate(list(values.values()))._asdict(),
        "reference": reference.model_dump() if reference else None,
        "runs": {seed: group[seed][1] for seed in values},
    }


def _from_here(value: Any) -> Any:
    """The same with paths below the working directory relative to it, as others have them too."""
    if isinstance(value, Mapping):
        return {name: _from_here(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_from_here(part) for part in value]
    return value.removeprefix(f"{Path.cwd()}/") if isinstance(value, str) else value


def _difference_to_the_first(result: Document, others: Sequence[Document]) -> dict[str, Any]:
    """To the first of the `others` that was measured by the same, on the same examples."""
    for other in others:
        if _measured_on(other) == _measured_on(result):
            difference = paired_difference(result["values"], other["values"])
            if difference is not None:
                return {"difference": {"to": other["config"], **difference._asdict()}}
    return {}


def _measured_on(result: Document) -> tuple[str, str, list[str | None]]:
    """The metric, the split, and what all runs' examples of it are known by."""
    split = result["split"]
    fingerprints = {(run["data_fingerprints"] or {}).get(split) for run in result["runs"].values()}
    return result["metric"], split, sorted(fingerprints, key=str)


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


def write_comparison(document: Document, cells: Sequence[Cell], file: Path) -> list[Path]:
    """Writes FILE.json, FILE.md and FILE.png, and FILE_curves.png where training was validated.

    `cells` are the runs that the document tells of. A suffix of `file` is not counted as its name.
    """
    contents: dict[str, str | bytes] = {
        ".json": json_text(document) + "\n",
        ".md": comparison_table(document),
        ".png": png_bytes(comparison_figure(_rows(document))),
    }
    stem = file.with_suffix("") if file.suffix in contents else file
    if courses := _courses(document, cells):
        contents["_curves.png"] = png_bytes(learning_curves_figure(courses))
    return [write_into(stem.parent, stem.name + suffix, text) for suffix, text in contents.items()]


def _rows(document: Document) -> list[Row]:
    return [
        Row(
            name=result["config"],
            metric=f"{field_name(result['metric'])} on {result['settings']['data']['name']}",
            values=list(result["values"].values()),
            interval=result["interval"],
            unit=_unit(result),
            reference=result["reference"] and result["reference"]["value"],
        )
        for result in document["results"]
    ]


def _unit(result: Document) -> str:
    return "fold" if result["folds"] else "seed"


def _courses(document: Document, cells: Sequence[Cell]) -> list[Course]:
    """How the compared metric, or else the monitored one, went in validation."""
    courses = []
    for result in document["results"]:
        runs = [
            read_history(cell.directory / "history.csv")
            for cell in cells
            if (cell.application, cell.config_name) == (result["application"], result["config"])
            and cell.directory.name in result["values"]
        ]
        for metric in (result["metric"], result["settings"]["training"]["monitor"]):
            values = [_values(run, f"validation_{metric}") for run in runs]
            if values and set.intersection(*map(set, values)):
                data = result["settings"]["data"]["name"]
                measure = f"{field_name(metric)} in validation on {data}"
                courses.append(Course(result["config"], measure, values, _unit(result)))
                break
    return courses


def _values(history: Sequence[Mapping[str, float]], name: str) -> dict[int, float]:
    """What was finite, by its step."""
    found = {int(row["step"]): row.get(name, math.nan) for row in history}
    return {step: value for step, value in found.items() if math.isfinite(value)}


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
    missing = missing_runs(document["missing"])
    lost = [f"Missing, and not in these figures: {' '.join(missing)}"] if missing else []
    return "\n\n".join([table, *lost, *_notes(results)]) + "\n"


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
    if deviation is None:
        return mean
    digits = f"{deviation:#.2g}".removesuffix(".")
    return f"{mean} ± {digits}"


def _interval(estimated: Document) -> str:
    if estimated["interval"] is None:
        return estimated["method"]
    low, high = map(number_text, estimated["interval"])
    return f"{low} to {high}"


def _difference(difference: Document | None) -> str:
    if difference is None:
        return ""
    interval = difference["interval"]
    within = (
        difference["method"] if interval is None else f"{interval[0]:+.2g} to {interval[1]:+.2g}"
    )
    return f"{difference['mean']:+.2g} ({within})"


def _mean_of(runs: Sequence[Document], name: str, show: Any) -> str:
    """The mean over the runs that know of it; nothing where none does."""
    known = [run[name] for run in runs if run[name] is not None]
    return show(sum(known) / len(known)) if known else ""


def machines_of(runs: Iterable[Document]) -> str:
    """What runs were trained on."""
    return ", ".join(dict.fromkeys(map(_machine_of, runs)))


def _machine_of(run: Document) -> str:
    """Of the cores, as many as it was given threads for."""
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
    commits = dict.fromkeys(_short(run["commit"] or "unknown") for run in runs)
    versions = dict.fromkeys(
        f"TensorFlow {run['packages']['tensorflow']}, Keras {run['packages']['keras']}"
        for run in runs
    )
    notes = [
        f"Mean ± standard deviation over the runs; intervals by {' and '.join(methods)}."
        if methods
        else "Without an interval, nothing is known of how far another seed would be."
    ]
    folded = {result["config"]: result["folds"] for result in results if result["folds"]}
    notes += [
        f"{name} is cross-validated: its values are those of {folds} folds, named 0 and 0-fold1 "
        "on. They learn from much the same examples, so that the interval is too narrow."
        for name, folds in folded.items()
    ]
    if any(result.get("difference") for result in results):
        notes.append("Differences are to the first config of the same test data, paired by seed.")
    notes += [
        f"{result['config']}, published: {result['reference']['source']}; "
        f"{result['reference']['protocol']}."
        for result in results
        if result["reference"]
    ]
    trained = f"Trained on {machines_of(runs)}; commit {', '.join(commits)}; "
    notes.append(f"{trained}{', '.join(versions)}. Time is that of the training steps alone.")
    loads = [run["load_average"] / run["cores"] for run in runs if run["load_average"]]
    if max(loads, default=0) > BUSY:
        notes.append(
            f"Other work shared the machine (up to {max(loads):.1f} processes a core): alone, the "
            "times would be shorter."
        )
    return notes

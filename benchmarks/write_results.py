"""RESULTS.md, the table in README.md and the figures in the configs' headers, from results/*.json.

python benchmarks/write_results.py [--check]

The documents are what `dlapps compare --to` and `training_speed.py --to` wrote; `make results`
measures them anew. With --check, nothing is written, and the exit code says whether all is as it
would be.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
GROUPS = ("classification", "segmentation", "speech", "translation", "generation", "games")
BEGIN, END = "<!-- written by benchmarks/write_results.py -->\n", "<!-- until here -->"
HEADER_MARK = "# Measured: "

Result = Mapping[str, Any]


def documents() -> Iterator[tuple[str, list[Result], str]]:
    """Each application that was measured: its name, its results and the commands that made them."""
    for group in GROUPS:
        files = sorted(RESULTS.glob(f"{group}*.json"))
        parts = [json.loads(file.read_text()) for file in files]
        if parts:
            results = [result for part in parts for result in part["results"]]
            yield group, results, "\n".join(part["command"] for part in parts)


def results_page() -> str:
    """The text of RESULTS.md."""
    from training_speed import table

    from dlapps.runs.comparison import comparison_table

    parts = [(RESULTS / "introduction.md").read_text()]
    for group, results, commands in documents():
        notes = RESULTS / f"{group}.md"
        parts += [
            f"## {group.capitalize()}\n",
            f"```\n{commands}\n```\n",
            comparison_table({"results": results}),
            *([notes.read_text()] if notes.exists() else []),
        ]
    speed = json.loads((RESULTS / "training_speed.json").read_text())
    machine = f"{speed['processor']}; the median of {speed['rounds']} rounds.\n"
    parts += ["## Speed\n", (RESULTS / "training_speed.md").read_text(), machine]
    return "\n".join([*parts, table(speed["families"]) + "\n"])


def readme_table() -> str:
    """The rows of all configs that have a published figure beside them."""
    from dlapps.explain.figures.names import field_name
    from dlapps.runs.report_page import number_text

    rows = [("Config", "Measure", "Published", "Ours", "Seeds"), ["---"] * 5]
    for _, results, _ in documents():
        for result in results:
            reference = result["reference"]
            if reference is None:
                continue
            rows.append(
                (
                    f"`{result['config']}`",
                    field_name(result["metric"]),
                    f"{number_text(reference['value'])} ({reference['source']})",
                    f"**{measured(result)}**",
                    str(len(result["values"])),
                )
            )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def measured(result: Result) -> str:
    """The mean, with the standard deviation where there is one."""
    from dlapps.runs.report_page import number_text

    deviation = result["standard_deviation"]
    return number_text(result["mean"]) + ("" if deviation is None else f" ± {deviation:.2g}")


def header_line(result: Result) -> str:
    """What the header of a config says of its result."""
    runs = list(result["runs"].values())
    seconds = sum(run["seconds_of_steps"] for run in runs) / len(runs)
    time = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    count = len(runs)
    seeds = "one seed" if count == 1 else f"{count} seeds"
    metric = result["metric"].replace("_", " ")
    machine = f"{runs[0]['cores']} cores of {runs[0]['processor']}"
    return (
        f"{HEADER_MARK}{result['split']} {metric} {measured(result)} ({seeds}), {time} of steps on "
        f"{machine}.\n"
    )


def headers() -> Iterator[tuple[Path, str]]:
    """Every config that was measured, and its text with that in its header."""
    for group, results, _ in documents():
        for result in results:
            path = ROOT / "configs" / group / f"{result['config']}.yaml"
            lines = [
                line
                for line in path.read_text().splitlines(keepends=True)
                if not line.startswith(HEADER_MARK)
            ]
            first = next(n for n, line in enumerate(lines) if not line.startswith("#"))
            yield path, "".join([*lines[:first], header_line(result), *lines[first:]])


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that is written, and what it is to hold."""
    yield ROOT / "RESULTS.md", results_page()
    readme = (ROOT / "README.md").read_text()
    between = re.compile(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", re.DOTALL)
    yield ROOT / "README.md", between.sub(lambda _: f"\n{readme_table()}\n", readme)
    yield from headers()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    stale = [(path, text) for path, text in texts() if path.read_text() != text]
    for path, text in stale:
        print(path.relative_to(ROOT))
        if not options.check:
            path.write_text(text)
    sys.exit(bool(stale and options.check))


if __name__ == "__main__":
    main()

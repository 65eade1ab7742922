"""RESULTS.md, the table in README.md and the figures in the configs' headers, from results/*.json.

python benchmarks/write_results.py [--check]

`make results` measures: `dlapps compare --to` and the benchmarks named below write the documents.
This sets them out, with the sentences of results/notes. With --check, nothing is written, and the
exit code says whether all is as it would be.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from explanations import table as explanations_table
from grown_masks import table as masks_table
from label_errors import table as label_errors_table
from own_photos import table as photos_table
from training_speed import table as speed_table
from uncertainty import table as uncertainty_table

from dlapps.explain.figures.names import field_name
from dlapps.runs.comparison import comparison_table, machines_of, mean_text
from dlapps.runs.documents import duration_text
from dlapps.runs.report_page import number_text

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
NOTES = RESULTS / "notes"
APPLICATIONS = (
    "classification", "detection", "weak_localization", "segmentation", "captioning", "speech",
    "transcription", "translation", "language", "generation", "games",
)  # fmt: skip
BEGIN, END = "<!-- written by benchmarks/write_results.py -->\n", "<!-- until here -->"
HEADER_MARK = "# Measured: "
NOT_YET = "# Not measured yet.\n"

Document = Mapping[str, Any]

BENCHMARKS: dict[str, tuple[str, Callable[[Document], str]]] = {
    "own_photos": ("Own photos", lambda document: photos_table(document["folders"])),
    "grown_masks": ("Grown masks", lambda document: masks_table(document["masks"])),
    "uncertainty": ("Uncertainty", lambda document: uncertainty_table(document["methods"])),
    "explanations": ("Explanations", lambda document: explanations_table(document["methods"])),
    "label_errors": ("Wrong labels", lambda document: label_errors_table(document["methods"])),
    "training_speed": ("Speed", lambda document: speed_table(document["families"])),
    "training_speed_bfloat16": (
        "Speed with bfloat16",
        lambda document: speed_table(document["families"]),
    ),
}
"""By the name of its document and notes, what a benchmark measures, and its table."""


def comparisons(application: str) -> list[tuple[Path, Document]]:
    """What was compared of an application, with the file of each."""
    files = sorted(RESULTS.glob(f"{application}*.json"))
    return [(file, json.loads(file.read_text())) for file in files]


def results(application: str) -> list[Document]:
    """Every config of the application that was measured."""
    return [result for _, document in comparisons(application) for result in document["results"]]


def results_page() -> str:
    """The text of RESULTS.md."""
    parts = [(NOTES / "introduction.md").read_text()]
    for application in APPLICATIONS:
        parts.append(f"## {field_name(application)}\n")
        for file, document in comparisons(application):
            picture = file.with_suffix(".png").relative_to(ROOT)
            parts += [
                f"`{document['command']}`, {document['date']}:\n",
                comparison_table(document),
                f"![Each seed, the interval of the mean, the published figure]({picture})\n",
            ]
        parts.append((NOTES / f"{application}.md").read_text())
    for name, (title, table) in BENCHMARKS.items():
        document = json.loads((RESULTS / f"{name}.json").read_text())
        parts += [f"## {title}\n", (NOTES / f"{name}.md").read_text(), table(document) + "\n"]
    return "\n".join(parts)


def readme_table() -> str:
    """A row for each config that results/notes/readme.yaml says something of."""
    measured = {each["config"]: each for name in APPLICATIONS for each in results(name)}
    rows = [("Config", "Measure", "Published", "Ours", "Seeds", "Mind"), ("---",) * 6]
    for config, caveat in yaml.safe_load((NOTES / "readme.yaml").read_text()).items():
        if config not in measured:
            continue
        result = measured[config]
        reference = result["reference"]
        rows.append(
            (
                f"`{config}`",
                field_name(result["metric"]),
                (reference and f"{number_text(reference['value'])} ({reference['source']})") or "",
                f"**{mean_text(result)}**",
                f"{len(result['values'])}{' folds' if result['folds'] else ''}",
                caveat,
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def header_line(result: Document) -> str:
    """What the header of a config says of its result."""
    runs = list(result["runs"].values())
    seconds = [run["seconds_of_steps"] for run in runs]
    unit = "fold" if result["folds"] else "seed"
    count = f"one {unit}" if len(runs) == 1 else f"{len(runs)} {unit}s"
    metric = field_name(result["metric"])
    return (
        f"{HEADER_MARK}{metric} {mean_text(result)} ({result['split']}, {count}); "
        f"{duration_text(sum(seconds) / len(seconds))} of steps\n# on {machines_of(runs)}.\n"
    )


def headers() -> Iterator[tuple[Path, str]]:
    """Every config that was measured, and its text with that in its header."""
    for application in APPLICATIONS:
        for result in results(application):
            path = ROOT / "configs" / application / f"{result['config']}.yaml"
            text = path.read_text().replace(NOT_YET, "")
            text = re.sub(f"^{HEADER_MARK}.*\n# on .*\n", "", text, flags=re.MULTILINE)
            lines = text.splitlines(keepends=True)
            end = next(number for number, line in enumerate(lines) if not line.startswith("#"))
            yield path, "".join([*lines[:end], header_line(result), *lines[end:]])


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that is written, and what it is to hold."""
    yield ROOT / "RESULTS.md", results_page()
    readme = (ROOT / "README.md").read_text()
    between = re.compile(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", re.DOTALL)
    yield ROOT / "README.md", between.sub(lambda _: f"\n{readme_table()}\n", readme)
    yield from headers()


def main() -> None:
    """Writes what is not as it would be; with --check, names it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
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

"""How well a classifier knows how sure it may be, with each of what docs/uncertainty.md has for it.

python benchmarks/uncertainty.py RUN RUN RUN [--samples 30] [--to FILE]

The runs are seeds of one config with dropout, such as `dlapps compare CONFIG --seeds 3` leaves.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlapps.runs.documents import ENVIRONMENT
from dlapps.runs.ensemble import MEASURES, measure_ensemble
from dlapps.runs.trained import open_run

APPLICATION = "classification"

Measured = dict[str, float]


def measure(runs: Sequence[Path], samples: int) -> dict[str, Any]:
    """The measures of the test split by method, those of each run; an ensemble has but one."""
    methods = {
        "the network alone": [],
        "temperature": ["evaluation.temperature_scaling=true"],
        f"{samples} samples of dropout": [f"evaluation.monte_carlo_samples={samples}"],
    }
    measured = {
        name: [measure_run(run, assignments) for run in runs]
        for name, assignments in methods.items()
    }
    together = measure_ensemble(runs)["ensemble"]
    measured[f"ensemble of {len(runs)}"] = [{key: together[key] for key in MEASURES}]
    return {"config": runs[0].parent.name, "commit": commit_of(runs[0]), "methods": measured}


def measure_run(directory: Path, assignments: Sequence[str]) -> Measured:
    """The measures of a run on its test split; nothing of the run changes but its temperature."""
    run = open_run(APPLICATION, directory, assignments)
    report = run.application.evaluate(run.model, run.data, "test")
    return {key: report[key] for key in MEASURES}


def commit_of(directory: Path) -> str:
    """The commit that a run was trained at."""
    return open_run(APPLICATION, directory).read_json(ENVIRONMENT)["commit"]


def table(methods: Mapping[str, Sequence[Measured]]) -> str:
    """The results as Markdown: of each measure the mean over the runs, of the last each run too."""
    rows = [["", *MEASURES.values(), "Each run's"], ["---"] * (2 + len(MEASURES))]
    for name, runs in methods.items():
        means = [f"{statistics.mean(run[key] for run in runs):.4f}" for key in MEASURES]
        last = list(MEASURES)[-1]
        each = ", ".join(f"{run[last]:.4f}" for run in runs)
        rows.append([name, *means, each])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Measures, and writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--samples", type=int, default=30, help="of dropout, for each answer")
    parser.add_argument("--to", type=Path, help="a JSON file")
    options = parser.parse_args()
    document = measure(options.runs, options.samples)
    if options.to:
        options.to.write_text(json.dumps(document, indent=1) + "\n")
    print(table(document["methods"]))


if __name__ == "__main__":
    main()

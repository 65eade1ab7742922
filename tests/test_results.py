"""What is published is what was measured."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OF_BENCHMARKS = (
    "explanations", "grown_masks", "label_errors", "own_photos", "training_speed",
    "training_speed_bfloat16", "uncertainty",
)  # fmt: skip
DOCUMENTS = [path for path in (ROOT / "results").glob("*.json") if path.stem not in OF_BENCHMARKS]
OPTIONS = r" --to \S+| --(seeds|jobs) \d+"
"""What may differ: how many seeds there are is said in every table, how many ran at a time is
seen in the times."""


def test_results_readme_and_headers_are_written_from_the_documents():
    command = [sys.executable, "benchmarks/write_results.py", "--check"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"python benchmarks/write_results.py\n{answer.stdout}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_make_results_runs_the_command_of_each_document(path):
    recipe = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    commands = [
        " ".join(re.sub(OPTIONS, "", line).split())
        for line in recipe.splitlines()
        if "$(COMPARE)" in line and f"results/{path.stem}" in line.split()
    ]
    (command,) = commands
    told = re.sub(OPTIONS, "", json.loads(path.read_text())["command"]).split()
    assert sorted(command.replace("$(COMPARE)", "dlapps compare").split()) == sorted(told)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_what_was_trained_is_the_config_of_today(path):
    from dlapps.config.files import dump_yaml, find_any_config
    from dlapps.runs.directory import read_config, trains_alike

    document = json.loads(path.read_text())
    changes = re.findall(r"--set (\S+)", document["command"])
    for result in document["results"]:
        application, file = find_any_config(result["config"])
        config = read_config(application, file.path.read_text(), file.name, changes)
        # Settings that came since are as they are by default.
        measured = read_config(application, dump_yaml(result["settings"]), path.name)
        assert trains_alike(measured, config)
        assert measured.training.steps == config.training.steps

"""An export carries its card and its description, and the report of the run leads there."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import yaml
from PIL import Image

from dlapps.runs.card import MODEL_CARD
from dlapps.runs.documents import read_exports
from dlapps.runs.report import explain_run
from dlapps.runs.trained import open_run

CLASSES = ["--- #x", "a|b **c**", "key: [v", "{<b>x}"]
"""Names of folders, in their order, that mean something to YAML, Markdown or HTML."""


@pytest.fixture(scope="module")
def run(dlapps, tiny, tmp_path_factory) -> Path:
    """A finished, unmeasured run on image folders of strange names."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for name in CLASSES:
        (folder / name).mkdir()
        for number in range(6):
            pixels = random.integers(0, 256, (12, 12), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    run = tmp_path_factory.mktemp("runs") / "my run"
    settings = ["--set", f"data.path={folder}"]
    answer = dlapps(
        "classification", "train", "image_folder_lenet5", "--run", run, *tiny, *settings
    )
    assert answer.exit_code == 0, answer.stderr
    return run


def test_strange_class_names_reach_both_files(run, tmp_path):
    exported = open_run("classification", run).export(tmp_path)
    description = json.loads((exported / "model.json").read_text())
    assert description["classes"] == CLASSES
    _, front_matter, text = (exported / MODEL_CARD).read_text().split("---\n", 2)
    about = yaml.safe_load(front_matter)
    assert about["model_name"] == "image_folder_lenet5"
    assert "model-index" not in about
    assert "nothing was measured on a test split" in text
    assert r"\{\<b\>x\}" in text


def test_the_report_links_what_is_there_and_is_of_this_model(run, tmp_path):
    opened = open_run("classification", run)
    opened.evaluate()
    gone, there = (opened.export(tmp_path / place, "my model") for place in ("a", "b"))
    (gone / MODEL_CARD).unlink()
    assert [each.saved_model for each in read_exports(run)][-2:] == [gone, there]
    links = [path for path in linked(explain_run(opened)[-1]) if tmp_path in path.parents]
    assert links == [there / MODEL_CARD, there / "model.json"]
    assert "One seed (0)" in links[0].read_text()


def linked(report: Path) -> list[Path]:
    """Where the links of a report lead."""
    addresses = re.findall(r'<a href="([^"]*)"', report.read_text())
    return [(report.parent / unquote(address)).resolve() for address in addresses]


def test_an_export_of_other_weights_is_not_linked(run, tmp_path):
    opened = open_run("classification", run)
    opened.evaluate()
    opened.export(tmp_path)
    entries = json.loads((run / "exports.json").read_text())
    entries[-1]["model"] = "0" * 64
    (run / "exports.json").write_text(json.dumps(entries))
    assert tmp_path not in [path.parents[2] for path in linked(explain_run(opened)[-1])]


def test_damaged_notes_do_not_keep_a_run_from_being_exported(run, tmp_path, caplog):
    (run / "exports.json").write_text("[{")
    try:
        assert (open_run("classification", run).export(tmp_path) / MODEL_CARD).exists()
        assert "exports.json is not what this program wrote" in caplog.text
    finally:
        (run / "exports.json").unlink()

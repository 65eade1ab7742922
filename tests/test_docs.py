"""The application that docs/adding_an_application.md adds is added, and goes through every test."""

import json
import re
from pathlib import Path

import pytest

import dlapps.applications

GUIDE = Path(__file__).parents[1] / "docs" / "adding_an_application.md"


@pytest.fixture
def regression(tmp_path, monkeypatch) -> Path:
    """A folder with the files of the guide, whose application is one of ours meanwhile."""
    blocks = re.findall(r"```\w+ file=(\S+)\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    assert len(blocks) == 3
    for name, contents in blocks:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(contents)
    applications = tmp_path / "dlapps" / "applications"
    places = [*dlapps.applications.__path__, str(applications)]
    monkeypatch.setattr(dlapps.applications, "__path__", places)
    return tmp_path


def test_the_application_of_the_guide_works(regression, case_of, dlapps, tmp_path):
    config = regression / "configs/regression/diabetes_mlp.yaml"
    case = case_of(regression / "tests/applications/regression/case.py")
    run = tmp_path / "run"
    answer = dlapps("regression", "train", config, "--run", run, "--set", "training.steps=100")
    assert answer.exit_code == 0, answer.stderr
    answer = dlapps("regression", "evaluate", run, "--json")
    case.check_metrics(answer.document["test"])
    # Saying the mean for everyone is about 64 off.
    assert answer.document["test"]["mean_absolute_error"] < 50
    inputs = case.inputs({}, tmp_path)
    answers = dlapps("regression", "predict", run, *inputs, "--json").document
    assert [answer["input"] for answer in answers] == inputs
    exported = dlapps("regression", "export", run, "--to", tmp_path / "models", "--json")
    case.check_saved_model(Path(exported.document["saved_model"]), inputs, answers)
    answer = dlapps("regression", "explain", run, "--json")
    assert f"{run}/pictures/predictions.png" in json.loads(answer.stdout)["files"]
    explained = dlapps("regression", "explain", run, inputs[0], "--json")
    assert len(explained.document["files"]) == 1


def test_the_links_of_the_guide_lead_somewhere():
    links = re.findall(r"\]\((\.\./[^)]+)\)", GUIDE.read_text())
    assert len(links) > 5
    assert [link for link in links if not (GUIDE.parent / link).exists()] == []

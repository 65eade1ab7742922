"""What the documents say can be done can be done, and their links lead somewhere."""

import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

import dlapps.applications
from cli.main import dlapps as program
from dlapps.applications import application_names, load_application
from dlapps.config.files import config_files, find_any_config, read_text
from dlapps.runs.directory import read_config

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "adding_an_application.md"
DOCUMENTS = [
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("*.md")),
    ROOT / "saved_models" / "README.md",
]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(document: Path, language: str = "") -> list[str]:
    """The contents of the fenced blocks that say exactly this of themselves."""
    fenced = re.findall(r"^```(.*)\n((?:.*\n)*?)```$", document.read_text(), re.MULTILINE)
    return [contents for said, contents in fenced if said == language]


def commands(document: Path) -> Iterator[list[str]]:
    """The arguments of every dlapps command in the fenced blocks, bar those with placeholders."""
    for block in blocks(document):
        for command in re.findall(r"^(?:\$ |.*\| )?dlapps (.*)$", block, re.MULTILINE):
            words = shlex.split(command, comments=True)
            if not {"APPLICATION", "..."} & set(words):
                yield words


def parsed(words: list[str]) -> click.Context:
    """The context of the command that `words` call, which is not run."""
    command: click.Command = program
    context = click.Context(program)
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        command = found
    return command.make_context(command.name, words)


def headings(document: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them of its headings."""
    found = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if link.startswith("http"):
            continue
        if not target.exists() or (anchor and anchor not in headings(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d != GUIDE], ids=named)
def test_commands_are_ones_that_dlapps_takes(document, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"photo.jpg")))
    for words in commands(document):
        context = parsed(words)
        config = str(context.params.get("config") or "")
        if config and not config.endswith(".yaml"):
            application, file = find_any_config(config)
            assert words[0] in (application, "data")
            read_config(application, read_text(file.path), config, context.params["assignments"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_configs_shown_are_configs(document):
    for block in blocks(document, "yaml"):
        application = yaml.safe_load(block)["application"]
        read_config(application, block, named(document))


@pytest.mark.parametrize("application", application_names())
def test_a_page_names_every_config_and_every_model_of_its_application(application):
    page = ROOT / "docs" / f"{application}.md"
    models = load_application(application).models
    wanted = [*models, *(file.name for file in config_files(application))]
    assert [name for name in wanted if f"`{name}`" not in page.read_text()] == []
    assert blocks(page, "yaml"), "a config for one's own data"


def test_every_picture_is_shown_by_a_page():
    pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    shown = set(re.findall(r"\]\(pictures/([^)]+)\)", pages))
    assert shown == {path.name for path in (ROOT / "docs/pictures").iterdir()}


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

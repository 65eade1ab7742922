"""The page is served whole, tells what each model takes, and survives whatever lies beside one."""

import json
import re
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlapps.explain.figures.relevance import SUPPORT_COLOURS
from dlapps.export import kinds
from dlapps.serving.page import FILES, page_routes


class Served(NamedTuple):
    name: str
    version: int
    directory: Path


@pytest.fixture
def served() -> list[Served]:
    """The models that are served; a test adds some."""
    return []


@pytest.fixture
def client(served) -> TestClient:
    return TestClient(Starlette(routes=page_routes(lambda: served)))


def test_the_page_and_all_that_it_asks_for_is_there(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    asked = re.findall(r'(?:href|src)="(?!data:)([^"]*)"', page.text)
    assert set(asked) == {"page/style.css", "page/page.js"}
    for file in FILES.iterdir():
        if file.suffix == ".js":
            asked += [f"page/{name}" for name in re.findall(r'from "./(.*)"', file.read_text())]
    assert {path.name for path in FILES.iterdir()} == {"index.html", *(p[5:] for p in asked)}
    for address in asked:
        answer = client.get(f"/{address}")
        assert answer.status_code == 200, address
        wanted = "text/css" if address.endswith("css") else "text/javascript"
        assert answer.headers["content-type"].startswith(wanted)


def test_nothing_comes_from_elsewhere(client):
    assert "default-src 'none'" in client.get("/").headers["content-security-policy"]
    for file in FILES.iterdir():
        assert re.findall(r"https?:|[\"'`(]//", file.read_text()) == [], file.name


def test_models_are_those_of_the_moment(client, served, tmp_path):
    assert client.get("/page/models.json").json() == []
    signatures = {"serving_default": {"inputs": {}, "outputs": {}}}
    (tmp_path / "model.json").write_text(json.dumps({"format": 1, "signatures": signatures}))
    served.append(Served("a <b>", 3, tmp_path))
    (model,) = client.get("/page/models.json").json()
    assert model == {"name": "a <b>", "version": 3, "signatures": signatures}


@pytest.mark.parametrize(
    "contents",
    [
        "",
        "[]",
        "{}",
        "null",
        "\udcff",
        "[" * 100_000,
        '{"signatures": {"a": {"inputs": {"b": 3}}}}',
        '{"signatures": {"a": {"inputs": {"b": {"dtype": "float32", "shape": [null], "kind": '
        '"numbers", "description": "", "low": [NaN]}}, "outputs": {}}}}',
    ],
)
def test_a_broken_description_is_told_and_spares_the_others(client, served, tmp_path, contents):
    for name, text in (("broken", contents), ("whole", '{"signatures": {}}')):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "model.json"
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
        served.append(Served(name, 1, tmp_path / name))
    broken, whole = client.get("/page/models.json").json()
    assert "cannot be read" in broken["problem"]
    assert whole["signatures"] == {}


def test_a_model_of_other_hands_has_no_description(client, served, tmp_path):
    served.append(Served("theirs", 1, tmp_path))
    (model,) = client.get("/page/models.json").json()
    assert "has no model.json" in model["problem"]


def test_the_page_knows_every_kind_or_leaves_it_to_programs():
    known = "".join((FILES / name).read_text() for name in ("editors.js", "views.js"))
    unknown = [kind for kind in get_args(kinds.Name) if not re.search(rf"^  {kind}:", known, re.M)]
    # Arrays that nobody types, and what explanation.js asks and draws.
    assert unknown == ["class_index", "pixels", "relevance", "waveform"]


def test_the_page_has_the_colours_of_our_figures():
    text = (FILES / "explanation.js").read_text()
    colours = re.findall(r'"(#[0-9a-f]{6})"', text)
    figures = colormaps[SUPPORT_COLOURS](np.linspace(0, 1, len(colours)))
    assert colours == [to_hex(colour) for colour in figures]

"""What the playground answers over HTTP, and what it refuses by name."""

import json

import pytest
from starlette.testclient import TestClient

from dlapps.playground.app import LARGEST_BODY, create_app


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app()) as client:
        yield client


def test_the_page_and_all_it_loads_are_served(client):
    page = client.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    names = ("playground", "form", "network", "curves", "pencil", "drawing", "surface", "elements")
    for name in ("style.css", *(f"{name}.js" for name in names)):
        assert client.get(f"/page/{name}").status_code == 200


def test_what_can_be_chosen_is_what_is_taken(client):
    offered = client.get("/choices").json()
    assert "maxout" not in offered["names"]["model.activation"]
    assert {"adam", "lion"} <= set(offered["names"]["training.optimizer.name"])
    begun = client.post("/networks", json=offered["defaults"])
    assert begun.status_code == 201
    address = f"/networks/{begun.json()['name']}"
    assert len(begun.json()["points"]["train"]["label"]) == 400
    assert client.post(address, json={"steps": 1}).status_code == 204
    look = client.get(address)
    while look.json()["step"] < 1:
        look = client.get(address, params={"after": look.json()["number"]})
    assert len(look.json()["layers"][0]["kernel"][0]) == 8
    surface = client.post(f"{address}/surface", json=offered["defaults"]["surface"] | {"sgd": 0})
    assert surface.json()["paths"].keys() == {"momentum", "rmsprop", "adam"}
    refused = client.post(f"{address}/surface", json={"first": "1:3:1"})
    assert (refused.status_code, refused.json()["field"]) == (400, "surface.first")
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ([], ""),
        ({"modle": {}}, "modle"),
        ({"seed": -1}, "seed"),
        ({"data": {"name": "digits"}}, "data.name"),
        ({"data": {"path": "/etc/passwd"}}, "data.path"),
        ({"data": {"noise": 1e9}}, "data.noise"),
        ({"data": {"name": "drawn", "drawn": [[0, 0, 0]]}}, "data"),
        ({"data": {"drawn": [[0, 0, 2]]}}, "data.drawn"),
        ({"model": {"widths": [9]}}, "model.widths"),
        ({"model": {"widths": [1] * 7}}, "model.widths"),
        ({"model": {"activation": "maxout"}}, "model.activation"),
        ({"model": {"dropout": 1}}, "model.dropout"),
        ({"loss": {"name": "mse"}}, "loss.name"),
        ({"kernels": {"l2": -1}}, "kernels.l2"),
        ({"training": {"learning_rate": 0}}, "training.learning_rate"),
        ({"training": {"learning_rate": None}}, "training.learning_rate"),
        ({"training": {"optimizer": {"name": "sdg"}}}, "training.optimizer.name"),
        ({"training": {"optimizer": {"momentum": 0.9}}}, "training.optimizer"),
    ],
)
def test_a_wrong_setting_is_named(client, settings, field):
    answer = client.post("/networks", json=settings)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["error"]


def test_what_is_no_request_of_the_page_is_refused(client):
    def post(content, kind="application/json"):
        return client.post("/networks", content=content, headers={"content-type": kind})

    assert post(b"{").status_code == 400
    assert post(b"{}", "text/plain").status_code == 415
    assert post(b" " * (LARGEST_BODY + 1)).status_code == 413
    assert client.get("/networks/none").status_code == 404
    assert client.post("/networks/none", json={"steps": 1}).status_code == 404
    assert client.get("/nowhere").json()["error"]
    begun = client.post("/networks", json={"model": {"widths": []}}).json()["name"]
    answer = client.post(f"/networks/{begun}", json={"steps": -1})
    assert (answer.status_code, answer.json()["field"]) == (400, "steps")
    json.loads(client.get(f"/networks/{begun}?after=no").content)

"""Training in the playground is the suite's own, it waits when it is told to, and it ends."""

import threading
import time

import keras
import numpy as np
import pytest

import dlapps.playground.session as session_module
from dlapps.playground.session import Pace, Sessions
from dlapps.playground.settings import POINTS_CSV, read_settings
from dlapps.runs.directory import create_run, read_config
from dlapps.serving.errors import RequestError

DRAWN = [[index / 7, label - 0.5, label] for index in range(9) for label in (0, 1)]


@pytest.mark.parametrize(
    "values",
    [
        {
            "seed": 3,
            "data": {"name": "xor", "num_examples": 40, "noise": 0.3, "batch_size": 8},
            "model": {"widths": [5, 3], "activation": "relu", "dropout": 0.2},
            "kernels": {"l2": 0.01},
            "training": {"optimizer": {"name": "sgd", "momentum": 0.9}, "learning_rate": 0.1},
        },
        {
            "data": {"name": "drawn", "drawn": DRAWN, "batch_size": 4},
            "model": {"widths": []},
            "loss": {"name": "hinge"},
            "training": {"optimizer": {"name": "schedule_free_adamw"}},
        },
    ],
    ids=["dropout", "drawn points and averages"],
)
def test_the_command_trains_the_same_network_bit_for_bit(
    begin, take, tmp_path, monkeypatch, values
):
    take(session := begin(values), 4)
    look = take(session, 3)
    assert look["step"] == 7
    monkeypatch.chdir(tmp_path)
    POINTS_CSV.write_text(session.settings.data.to_csv())
    config = read_config("classification", look["yaml"], "playground.yaml")
    create_run("classification", config, tmp_path / "run").train("playground")
    model = keras.saving.load_model(tmp_path / "run/model.keras", compile=False)
    seen = [array for layer in look["layers"] for array in (layer["kernel"], layer["bias"])]
    for mine, theirs in zip(seen, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(mine, theirs.numpy())


def test_what_is_seen_is_what_the_network_answers(begin, take):
    session = begin()
    look = take(session, 5)
    (hidden, logits), points = look["layers"], session.data["validation"].columns
    outputs = np.tanh(points["point"] @ hidden["kernel"] + hidden["bias"])
    answers = (outputs @ logits["kernel"] + logits["bias"]).argmax(axis=1)
    assert look["validation_accuracy"] == pytest.approx((answers == points["label"]).mean())
    assert len(hidden["neurons"]) == 3
    assert look["diagnostics"][0]["gradient_norm"] > 0


def test_it_trains_until_it_is_told_to_wait(begin):
    session = begin()
    session.pace(Pace())
    while (look := session.look(0))["step"] < 5:
        assert look["is_running"]
    session.pace(Pace(steps=0))
    while (look := session.look(look["number"]))["is_running"]:
        pass
    time.sleep(0.2)
    assert session.look(0)["step"] == look["step"]


def test_a_network_that_nobody_watches_waits(begin, monkeypatch):
    monkeypatch.setattr(session_module, "SECONDS_UNWATCHED", -1)
    session = begin()
    session.pace(Pace())
    assert [session.look(number)["step"] for number in (0, 1, 2)] == [0, 0, 0]


def test_a_pace_is_kept(begin, take):
    session = begin()
    take(session, 1)
    began = time.monotonic()
    session.pace(Pace(steps=4, steps_per_second=10))
    while session.look(0)["step"] < 5:
        pass
    assert time.monotonic() - began >= 0.3


def test_a_network_that_blows_up_says_so(begin, take):
    learning = {"optimizer": {"name": "sgd"}, "learning_rate": 100}
    session = begin({"kernels": {"l2": 1.0}, "training": learning})
    assert "The loss is not finite" in take(session, 200)["outcome"]


def test_a_further_network_ends_that_least_looked_at(monkeypatch):
    monkeypatch.setattr(session_module, "MOST_SESSIONS", 1)
    sessions = Sessions()
    before = threading.active_count()
    first, session = sessions.begin(read_settings({"model": {"widths": []}}))
    second, _ = sessions.begin(read_settings({"model": {"widths": []}}))
    with pytest.raises(RequestError, match="any more"):
        sessions.find(first)
    while not session.look(99)["outcome"]:
        pass
    sessions.find(second)
    sessions.close()
    with pytest.raises(RequestError):
        sessions.find(second)
    give_up = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < give_up:
        time.sleep(0.05)
    assert threading.active_count() == before

"""Versions on disk: which is served, what happens to the others, and what cannot be loaded."""

import logging
import os
import shutil
import weakref

import numpy as np
import pytest
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.export.saved_model import write_warmup_requests
from dlapps.serving.errors import RequestError
from dlapps.serving.model import LoadError, Model, load_model
from dlapps.serving.repository import Repository


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def add_version(folder, name, version):
    """A version that looks like one; what is in it is not read."""
    directory = folder / name / str(version)
    directory.mkdir(parents=True)
    (directory / "saved_model.pb").write_bytes(b"graph")
    return directory


@pytest.fixture
def load():
    """Loads any version that does not say it is broken, and counts how often."""

    def load(name, version, directory):
        load.asked.append((name, version))
        if (directory / "saved_model.pb").read_bytes() == b"broken":
            raise LoadError("it is broken")
        return Model(name, version, directory, {}, {}, None)

    load.asked = []
    return load


def served(repository):
    return {each.name: each.version for each in repository.served()}


def test_the_highest_version_of_each_model_is_served(folder, load):
    for name, version in (("a", 1), ("a", 10), ("a", 9), ("b", "007")):
        add_version(folder, name, version)
    (folder / "a/.export-x").mkdir()
    (folder / ".hidden/1").mkdir(parents=True)
    (folder / "notes.txt").write_text("no model")
    repository = Repository(folder, load)
    repository.open()
    assert served(repository) == {"a": 10, "b": 7}
    assert repository.find("b", 7).directory == folder / "b/007"
    assert load.asked == [("a", 10), ("b", 7)], "lower versions are not even loaded"


def test_a_new_version_takes_over_and_the_old_one_ends_when_it_is_not_used(folder, load):
    add_version(folder, "a", 1)
    repository = Repository(folder, load)
    repository.open()
    with repository.find("a") as old:
        add_version(folder, "a", 2)
        repository.poll()
        assert served(repository) == {"a": 2}
        assert old.is_used
        assert repository.states("a")[1].name == "UNLOADING"
        repository.poll()
        assert repository.states("a")[1].name == "UNLOADING", "somebody still asks it"
    repository.poll()
    states = {version: state.name for version, state in repository.states("a").items()}
    assert states == {2: "AVAILABLE", 1: "END"}
    shutil.rmtree(folder / "a/1")
    repository.poll()
    assert list(repository.states("a")) == [2]


def test_what_cannot_be_loaded_is_said_once_and_the_others_serve(folder, load, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("dlapps"), "propagate", True)
    add_version(folder, "a", 1)
    (add_version(folder, "b", 1) / "saved_model.pb").write_bytes(b"broken")
    (folder / "c/1").mkdir(parents=True)
    repository = Repository(folder, load)
    repository.open()
    (add_version(folder, "a", 2) / "saved_model.pb").write_bytes(b"broken")
    for _ in range(3):
        repository.poll()
    assert served(repository) == {"a": 1}
    warnings = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    assert warnings == [
        "Version 1 of the model b cannot be loaded: it is broken.",
        "Version 1 of the model c cannot be loaded: it has no saved_model.pb.",
        "Version 2 of the model a cannot be loaded: it is broken.",
    ]
    assert repository.states("a")[2] == ("END", "it is broken")
    assert len(load.asked) == 3, "what did not change is not tried again"


def test_a_version_is_tried_again_when_its_files_change(folder, load):
    add_version(folder, "a", 1)
    (add_version(folder, "a", 2) / "saved_model.pb").write_bytes(b"broken")
    repository = Repository(folder, load)
    repository.open()
    assert served(repository) == {"a": 1}
    (folder / "a/2/saved_model.pb").write_bytes(b"whole now")
    repository.poll()
    assert served(repository) == {"a": 2}


def test_models_come_and_go(folder, load):
    add_version(folder, "a", 1)
    add_version(folder, "b", 1)
    repository = Repository(folder, load)
    repository.open()
    shutil.rmtree(folder / "a")
    add_version(folder, "c", 4)
    repository.poll()
    assert served(repository) == {"b": 1, "c": 4}
    with pytest.raises(RequestError, match="no model a; known are b, c"):
        repository.find("a")
    folder.rename(folder.with_name("moved"))
    repository.poll()
    assert served(repository) == {"b": 1, "c": 4}, "a disk that is away takes no model with it"


def test_a_folder_that_cannot_be_read_takes_no_model_with_it(folder, load, monkeypatch):
    add_version(folder, "a", 1)
    add_version(folder, "b", 1)
    repository = Repository(folder, load)
    repository.open()
    scandir = os.scandir

    def refuse(path):
        if path == folder / "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    add_version(folder, "b", 2)
    repository.poll()
    assert served(repository) == {"a": 1, "b": 2}


def test_a_version_that_is_removed_gives_way_to_the_one_before(folder, load):
    add_version(folder, "a", 1)
    add_version(folder, "a", 2)
    repository = Repository(folder, load)
    repository.open()
    shutil.rmtree(folder / "a/2")
    repository.poll()
    assert served(repository) == {"a": 1}


def test_versions_are_found_while_it_watches(folder, load):
    add_version(folder, "a", 1)
    repository = Repository(folder, load)
    repository.open()
    repository.watch(0.01)
    add_version(folder, "a", 2)
    for _ in range(500):
        if served(repository) == {"a": 2}:
            break
        repository._stopped.wait(0.01)
    repository.close()
    assert served(repository) == {"a": 2}


def test_nothing_that_can_be_loaded_is_an_error(folder, load):
    (add_version(folder, "a", 1) / "saved_model.pb").write_bytes(b"broken")
    with pytest.raises(UsageError, match=r"No model below .* can be loaded"):
        Repository(folder, load).open()


def test_a_link_to_nowhere_is_a_version_that_cannot_be_loaded(folder, load):
    add_version(folder, "a", 1)
    (folder / "a/2").mkdir()
    (folder / "a/2/saved_model.pb").symlink_to("/nowhere")
    repository = Repository(folder, load)
    repository.open()
    assert served(repository) == {"a": 1}
    assert repository.states("a")[2].error == "it has no saved_model.pb"


def test_a_version_that_may_not_be_read_stops_no_other(folder, load, monkeypatch):
    def refuse(directory):
        if directory == folder / "a/2":
            raise PermissionError(13, "Permission denied")
        return True

    monkeypatch.setattr("dlapps.serving.repository.is_saved_model", refuse)
    for name, version in (("a", 1), ("a", 2), ("b", 1)):
        add_version(folder, name, version)
    repository = Repository(folder, load)
    repository.open()
    assert served(repository) == {"a": 1, "b": 1}
    assert "Permission denied" in repository.states("a")[2].error


def test_an_unloaded_version_is_kept_by_nothing(folder):
    add_version(folder, "a", 1)
    known = []

    def load(name, version, directory):
        model = Model(name, version, directory, {}, {}, object())
        model.queues["itself"] = model  # As a queue refers to the model that it asks.
        known.append(weakref.ref(model))
        return model

    repository = Repository(folder, load)
    repository.open()
    add_version(folder, "a", 2)
    repository.poll()
    assert [each() is None for each in known] == [True, False]


@pytest.mark.parametrize("contents", [b"", b"no graph", b"\x08\x01"])
def test_a_file_that_is_no_graph_cannot_be_loaded(folder, contents):
    directory = add_version(folder, "a", 1)
    (directory / "saved_model.pb").write_bytes(contents)
    with pytest.raises(LoadError):
        load_model("a", 1, directory)


def test_a_model_without_its_variables_cannot_be_loaded(folder, write_adder):
    (folder / "a").mkdir(parents=True)
    write_adder(folder / "a/1", 1)
    shutil.rmtree(folder / "a/1/variables")
    with pytest.raises(LoadError):
        load_model("a", 1, folder / "a/1")


def test_warm_up_requests_are_replayed(folder, write_adder, monkeypatch):
    (folder / "a").mkdir(parents=True)
    write_adder(folder / "a/1", 1)
    write_warmup_requests(folder / "a/1", "a", {"serving_default": {"x": tf.constant([2.0])}})
    asked = []
    call = "dlapps.serving.model.Signature.__call__"
    monkeypatch.setattr(call, lambda self, inputs: asked.append((self.name, inputs)))
    load_model("a", 1, folder / "a/1")
    assert [(name, inputs["x"].tolist()) for name, inputs in asked] == [("serving_default", [2.0])]


def test_a_model_that_fails_its_warm_up_is_not_served(folder, write_adder):
    (folder / "a").mkdir(parents=True)
    write_adder(folder / "a/1", 1)
    write_warmup_requests(folder / "a/1", "a", {"serving_default": {"x": tf.constant(["text"])}})
    with pytest.raises(LoadError):
        load_model("a", 1, folder / "a/1")


def test_a_model_of_tensorflow_1_answers(folder):
    directory = folder / "a" / "1"
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None], "x")
        weight = tf.compat.v1.get_variable("weight", initializer=2.0)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.saved_model.simple_save(session, str(directory), {"x": x}, {"y": x * weight})
    signature = load_model("a", 1, directory).signatures["serving_default"]
    assert signature({"x": np.array([1.5], np.float32)})["y"].tolist() == [3.0]

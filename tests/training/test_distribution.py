"""Two real worker processes on this machine learn what one learns, and survive a lost one."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dlapps.config.training import TrainingSettings
from dlapps.errors import UsageError
from dlapps.training.checkpoints import CheckpointStore
from dlapps.training.distribution import choose_strategy, read_cluster

WORKER = Path(__file__).with_name("worker.py")


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for opened in sockets:
        opened.bind(("localhost", 0))
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def start(directory: Path, steps: int, num_workers: int, *options: str) -> list[subprocess.Popen]:
    addresses = [f"localhost:{port}" for port in free_ports(num_workers)]
    processes = []
    for index in range(num_workers):
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment["TF_CONFIG"] = json.dumps(
            {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        )
        weights = directory / f"worker{index}.npz"
        command = [sys.executable, WORKER, directory / "run", weights, str(steps), *options]
        with (directory / f"worker{index}.log").open("a") as log:
            processes.append(
                subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
    return processes


def train(directory: Path, steps: int, num_workers: int, *options: str) -> list[list[np.ndarray]]:
    """The weights that each worker ended with."""
    directory.mkdir(exist_ok=True)
    for index, process in enumerate(start(directory, steps, num_workers, *options)):
        code = process.wait(120)
        assert code == 0, (directory / f"worker{index}.log").read_text()[-3000:]
    loaded = [np.load(directory / f"worker{index}.npz") for index in range(num_workers)]
    return [[arrays[name] for name in arrays.files] for arrays in loaded]


def test_two_workers_learn_what_one_learns(tmp_path):
    first, second = train(tmp_path / "two", 30, 2)
    (alone,) = train(tmp_path / "one", 30, 1)
    for a, b, c in zip(first, second, alone, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, atol=1e-5)


@pytest.mark.slow
def test_batch_statistics_are_equal_on_both_workers(tmp_path):
    first, second = train(tmp_path / "two", 30, 2, "batch_normalization")
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_after_one_worker_is_killed_both_continue_from_the_checkpoint(tmp_path):
    unbroken, _ = train(tmp_path / "unbroken", 200, 2)
    directory = tmp_path / "killed"
    directory.mkdir()
    processes = start(directory, 200, 2)
    store = CheckpointStore(directory / "run/checkpoints/training")
    deadline = time.monotonic() + 120
    while not (store.directory.exists() and any(store.directory.glob("step-*"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    processes[1].kill()
    processes[0].wait(120)
    assert processes[0].returncode != 0, "worker 0 ended alone"
    assert 0 < store.newest().progress.step < 200
    for resumed in train(directory, 200, 2):
        for a, b in zip(unbroken, resumed, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "TF_CONFIG is not of the form"),
        ({"cluster": {"worker": ["a:1"]}}, "TF_CONFIG is not of the form"),
        (
            {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "ps", "index": 0}},
            "trains with workers only",
        ),
        (
            {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 2}},
            "there are 2, numbered from 0",
        ),
        (
            {"cluster": {"worker": ["a:x", "b:2"]}, "task": {"type": "worker", "index": 0}},
            "'a:x' is not of the form host:port",
        ),
    ],
)
def test_a_wrong_tf_config_is_refused(monkeypatch, config, message):
    text = config if isinstance(config, str) else json.dumps(config)
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UsageError, match=message):
        choose_strategy(TrainingSettings(steps=1))


def test_a_port_that_is_taken_is_refused(monkeypatch):
    with socket.socket() as holder:
        holder.bind(("localhost", 0))
        holder.listen()
        port = holder.getsockname()[1]
        config = {
            "cluster": {"worker": [f"localhost:{port}", "b:2"]},
            "task": {"type": "worker", "index": 0},
        }
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        with pytest.raises(UsageError, match=f"Port {port} of localhost"):
            choose_strategy(TrainingSettings(steps=1))


def test_multi_worker_without_tf_config_is_refused(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert read_cluster() is None
    with pytest.raises(UsageError, match="TF_CONFIG does not name the workers"):
        choose_strategy(TrainingSettings(steps=1, distribution="multi_worker"))

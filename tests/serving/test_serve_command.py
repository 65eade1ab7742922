"""`dlapps serve` as a process of its own, and what it refuses before it starts."""

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest
import tensorflow as tf
from starlette.applications import Starlette

from dlapps.errors import UsageError
from dlapps.serving.server import bound_socket, run


@pytest.fixture
def folder(tmp_path, write_adder):
    (tmp_path / "models/adder").mkdir(parents=True)
    write_adder(tmp_path / "models/adder/1", 1)
    return tmp_path / "models"


def heed_ctrl_c() -> None:
    """A shell lets what it starts in the background, and all below it, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def start():
    """Starts a server: its process, and the address that it says it is ready at."""
    processes = []

    def start(folder, *options):
        command = [sys.executable, "-m", "cli.main", "serve", str(folder), "--port", "0", *options]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
        )
        processes.append(process)
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("Ready at "):
                return process, line.split()[2].removesuffix("/v1/models/NAME")
        raise AssertionError("".join(lines))

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ask(address, x):
    body = json.dumps({"instances": x}).encode()
    with urllib.request.urlopen(f"{address}/v1/models/adder:predict", body, 30) as response:
        return json.load(response)


def write_slow(directory, seconds):
    """A model that takes its time: it turns a loop of small steps until the clock says so."""

    def wait(x):
        start = tf.timestamp()
        turns = tf.while_loop(
            lambda turns: tf.timestamp() < start + seconds,
            lambda turns: [turns + 1],
            [tf.constant(0)],
        )
        with tf.control_dependencies([turns[0]]):
            return {"x": tf.identity(x)}

    spec = tf.TensorSpec([None], tf.float32, "x")
    function = tf.function(wait).get_concrete_function(x=spec)
    tf.saved_model.save(tf.Module(), str(directory), signatures={"serving_default": function})


def test_sigterm_drains(folder, start):
    write_slow(folder / "adder/2", 1.0)
    process, address = start(folder)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(address, [1.5])))
    asking.start()
    counted = f"{address}/metrics"
    while b"dlapps_call_rows_count" not in urllib.request.urlopen(counted, timeout=10).read():
        pass
    process.send_signal(signal.SIGTERM)
    asking.join()
    assert answers == [{"predictions": [1.5]}]
    assert process.wait(20) == 143
    with pytest.raises(OSError, match="refused"):
        ask(address, [1.5])


@pytest.mark.slow
def test_ctrl_c_ends_it(folder, start):
    process, address = start(folder, "--batch-size", "1")
    assert ask(address, [1.5]) == {"predictions": [2.5]}
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert "Traceback" not in process.stderr.read()


def test_a_port_in_use_is_said_before_anything_is_loaded(dlapps, folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        dlapps("serve", folder, "--port", port).assert_refused(f"127.0.0.1:{port}", "--port")


def test_a_port_taken_while_models_were_loaded_is_said():
    with bound_socket("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        bound = bound_socket("127.0.0.1", port)
        other.listen()
        with pytest.raises(UsageError, match=f"127.0.0.1:{port}: Address already in use"):
            run(Starlette(), bound)


def test_an_address_of_another_machine_is_refused(dlapps, folder):
    for host in ("192.0.2.1", "no host", "a" * 300):
        dlapps("serve", folder, "--port", 0, "--host", host).assert_refused(host[:20])


def test_folders_that_hold_no_model_are_refused(dlapps, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other/a/1").mkdir(parents=True)
    (tmp_path / "file").write_text("")
    for path, named in (
        (tmp_path / "nowhere", "There is no folder"),
        (tmp_path / "file", "Not a directory"),
        (tmp_path / "empty", "NAME/VERSION"),
        (tmp_path / "other", "NAME/VERSION"),
        (folder / "adder", f"is one model; serve the folder that holds it, {folder}."),
        (folder / "adder/1", f"is one version of a model; serve the folder of models, {folder}."),
    ):
        dlapps("serve", path, "--port", 0).assert_refused(path, named)


def test_a_folder_whose_only_model_is_broken_is_refused(dlapps, tmp_path):
    (tmp_path / "a/1").mkdir(parents=True)
    (tmp_path / "a/1/saved_model.pb").write_bytes(b"no graph")
    dlapps("serve", tmp_path, "--port", 0).assert_refused(
        "Version 1 of the model a cannot be loaded", "can be loaded"
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--port", "65536"),
        ("--batch-size", "0"),
        ("--batch-wait", "nan"),
        ("--batch-sizes", "1,x"),
        ("--batch-sizes", "0"),
        ("--largest-body", "inf"),
        ("--poll", "0"),
    ],
)
def test_options_out_of_range_are_refused(dlapps, folder, option, value):
    dlapps("serve", folder, option, value).assert_refused(option)

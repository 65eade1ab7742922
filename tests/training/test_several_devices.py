"""Two devices of one machine learn what one learns, and go on exactly where they were stopped.

The devices are halves of this machine's CPU, set up by a program of its own.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dlapps.training.snapshots import read_snapshots

PROGRAM = Path(__file__).with_name("two_devices.py")


def trained(directory: Path, *trainings: str) -> Path:
    """All of them, one after the other in one process: they have to get along there too."""
    command = [sys.executable, PROGRAM, directory, *trainings]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return directory


@pytest.fixture(scope="module")
def mlps(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("mlps")
    return trained(directory, "mlp:one:float32", "mlp:two:float32", "mlp:two_resumed:float32")


def variables(directory: Path, name: str) -> dict[str, np.ndarray]:
    with np.load(directory / f"{name}.npz") as arrays:
        return dict(arrays)


def signature(directory: Path, name: str):
    (version,) = (directory / "saved_models" / name).iterdir()
    model = tf.saved_model.load(str(version))
    answer = model.signatures["serving_default"]
    answer.model = model  # which the signature alone does not keep
    return answer


def assert_close(directory: Path, network: str) -> None:
    """Fails where one device and two did not end in about the same weights and slots."""
    one, two = (variables(directory, f"{network}_{name}_float32") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(two[name], one[name], atol=1e-5, err_msg=name)


def assert_resumed(directory: Path, network: str, precision: str = "float32") -> None:
    """Fails where a run that was stopped did not end with weights and snapshots as unbroken."""
    names = [f"{network}_{devices}_{precision}" for devices in ("two", "two_resumed")]
    unbroken, resumed = (variables(directory, name) for name in names)
    assert unbroken.keys() == resumed.keys()
    for name in unbroken:
        np.testing.assert_array_equal(unbroken[name], resumed[name], err_msg=name)
    taken = [
        {each.step: each.path.read_bytes() for each in read_snapshots(directory / name)}
        for name in names
    ]
    assert list(taken[0]) == [0, 4, 8]
    assert taken[0] == taken[1]


def test_two_devices_learn_what_one_learns_and_resume_exactly(mlps):
    assert_close(mlps, "mlp")
    assert_resumed(mlps, "mlp")


def test_what_two_devices_learned_is_exported_as_from_one(mlps):
    one, two = (signature(mlps, f"mlp_{devices}_float32") for devices in ("one", "two"))
    assert one.structured_input_signature == two.structured_input_signature
    assert one.structured_outputs == two.structured_outputs
    points = tf.random.stateless_normal([50, 2], seed=(1, 2))
    (name,) = one.structured_input_signature[1]
    answers = one(**{name: points}), two(**{name: points})
    np.testing.assert_array_equal(answers[0]["label"], answers[1]["label"])
    np.testing.assert_allclose(*(answer["probabilities"] for answer in answers), atol=1e-5)


@pytest.mark.slow
def test_a_rule_of_its_own_learns_on_two_devices_what_it_learns_on_one(tmp_path):
    trained(tmp_path, "perceptron:one:float32", "perceptron:two:float32")
    assert_close(tmp_path, "perceptron")


@pytest.mark.slow
def test_batch_statistics_are_resumed_exactly_wherever_the_run_was_stopped(tmp_path):
    """They differ from those of one device, because each device normalizes its own rows."""
    network = "batch_normalization"
    trained(tmp_path, f"{network}:two:float32", f"{network}:two_resumed:float32")
    assert_resumed(tmp_path, network)


@pytest.mark.slow
def test_a_scaled_loss_is_resumed_exactly_on_two_devices(tmp_path):
    trained(tmp_path, "mlp:two:mixed_float16", "mlp:two_resumed:mixed_float16")
    assert_resumed(tmp_path, "mlp", "mixed_float16")

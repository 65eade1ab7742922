"""A run killed again and again, by SIGTERM and by -9, ends with the unbroken run's weights."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dlapps.training.checkpoints import CheckpointStore
from dlapps.training.history import read_history

SETTINGS = {
    "model.modern": "true",
    "model.batch_normalization": "true",
    "training.checkpoint_every": "20",
    "training.log_every": "5",
    "training.validate_every": "100",
    "training.ema_momentum": "0.99",
    "training.steps_per_call": "3",
}


def command(config: str, directory: Path, steps: int) -> list[str]:
    settings = {**SETTINGS, "training.steps": str(steps)}
    options = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    program = "from cli.main import main; main()"
    arguments = ["classification", "train", config, "--run", str(directory), *options]
    return [sys.executable, "-c", program, *arguments]


def variables_of(directory: Path) -> dict[str, np.ndarray]:
    """Every variable in the newest checkpoint, optimizer and seeds included."""
    newest = CheckpointStore(directory / "checkpoints").newest()
    reader = tf.train.load_checkpoint(str(newest.directory / "model"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def step_of(directory: Path) -> int:
    rows = read_history(directory / "history.csv")
    return int(rows[-1]["step"]) if rows else 0


def has_passed(directory: Path, target: int, began: float) -> bool:
    """Whether a process that began then has itself trained, and past `target`."""
    history = directory / "history.csv"
    return history.exists() and history.stat().st_mtime > began and step_of(directory) >= target


def kill_once(config: str, directory: Path, steps: int, target: int, number: int) -> int | None:
    """Trains past `target` and kills; returns the step it was seen at, None if it had ended."""
    began = time.time()
    process = subprocess.Popen(command(config, directory, steps), stderr=subprocess.DEVNULL)
    while process.poll() is None and not has_passed(directory, target, began):
        time.sleep(0.05)
    time.sleep(random.random() * 0.3)
    if process.poll() is not None:
        assert process.returncode == 0
        return None
    process.send_signal(number)
    code = process.wait(120)
    assert code in ((-number,) if number == signal.SIGKILL else (128 + number, 0))
    return step_of(directory)


def check_exact_resume(config: str, directory: Path, steps: int, kills: int) -> None:
    subprocess.run(command(config, directory / "unbroken", steps), check=True)
    random.seed(0)
    killed = []
    for kill in range(kills):
        target = int((kill + random.random()) * steps / (kills + 1))
        number = (signal.SIGKILL, signal.SIGTERM)[kill % 2]
        killed.append((kill_once(config, directory / "killed", steps, target, number), number.name))
    print(f"killed at {killed}")
    assert None not in [step for step, _ in killed], "the run ended before its last kill"
    subprocess.run(command(config, directory / "killed", steps), check=True)
    unbroken, resumed = variables_of(directory / "unbroken"), variables_of(directory / "killed")
    assert unbroken.keys() == resumed.keys()
    for name, value in unbroken.items():
        np.testing.assert_array_equal(value, resumed[name], err_msg=name)


@pytest.mark.timeout(900)
def test_digits_killed_three_times(tmp_path):
    check_exact_resume("digits_lenet5", tmp_path, steps=300, kills=3)


@pytest.mark.real_data
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not os.environ.get("DLAPPS_MANUAL_DIR"), reason="needs DLAPPS_MANUAL_DIR")
def test_mnist_killed(tmp_path):
    """DLAPPS_KILLS says how often; 20 is what the README's claim was made with."""
    kills = int(os.environ.get("DLAPPS_KILLS", "2"))
    check_exact_resume("mnist_lenet5", tmp_path, steps=100 * (kills + 1), kills=kills)

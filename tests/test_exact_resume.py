"""Real processes, killed again and again by SIGTERM and by -9, end with the unbroken run's weights.

A pure stream, an agent, and a training in two stages; tests/test_applications.py continues every
config in the middle, inside the process.
"""

import dataclasses
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
from dlapps.training.snapshots import read_snapshots


@dataclasses.dataclass(frozen=True)
class Job:
    """A training to be killed: its application, config and length."""

    application: str
    config: str
    steps: int
    settings: list[str]
    kills: int
    targets: tuple[int, ...] | None = None
    """The steps to be killed after; drawn where left out."""

    def arguments(self, directory: Path) -> list[str]:
        """Of the command that trains it into a directory."""
        settings = [*self.settings, f"training.steps={self.steps}", "training.log_every=5"]
        options = [part for setting in settings for part in ("--set", setting)]
        return [self.application, "train", self.config, "--run", str(directory), *options]

    def command(self, directory: Path) -> list[str]:
        """The command, as a process of its own."""
        return [
            sys.executable,
            "-c",
            "from cli.main import main; main()",
            *self.arguments(directory),
        ]


def variables_of(directory: Path) -> dict[str, np.ndarray]:
    """Every variable in the newest checkpoint of each stage, optimizer and seeds included."""
    found = {}
    for stage in (directory / "checkpoints").iterdir():
        file = str(CheckpointStore(stage).newest().directory / "model")
        reader = tf.train.load_checkpoint(file)
        # The graph of objects names optimizers by how many this process has made.
        names = reader.get_variable_to_shape_map().keys() - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
        found |= {f"{stage.name}/{name}": reader.get_tensor(name) for name in names}
    return found


def snapshots_of(directory: Path) -> dict[int, bytes]:
    return {each.step: each.path.read_bytes() for each in read_snapshots(directory)}


def step_of(directory: Path) -> int:
    rows = read_history(directory / "history.csv")
    return int(rows[-1]["step"]) if rows else 0


def has_passed(directory: Path, target: int, began: float) -> bool:
    """Whether a process that began then has itself trained, and past `target`."""
    history = directory / "history.csv"
    return history.exists() and history.stat().st_mtime > began and step_of(directory) >= target


def kill_once(job: Job, directory: Path, target: int, number: int) -> int | None:
    """Trains past `target` and kills; returns the step it was seen at, None if it had ended."""
    began = time.time()
    process = subprocess.Popen(job.command(directory), stderr=subprocess.DEVNULL)
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


def check_exact_resume(job: Job, dlapps, directory: Path) -> None:
    answer = dlapps(*job.arguments(directory / "unbroken"))
    assert answer.exit_code == 0, answer.stderr
    random.seed(0)
    killed = []
    for kill in range(job.kills):
        drawn = int((kill + random.random()) * job.steps / (job.kills + 1))
        target = job.targets[kill] if job.targets else drawn
        number = (signal.SIGKILL, signal.SIGTERM)[kill % 2]
        killed.append((kill_once(job, directory / "killed", target, number), number.name))
    print(f"killed at {killed}")
    assert None not in [step for step, _ in killed], "the run ended before its last kill"
    subprocess.run(job.command(directory / "killed"), check=True)
    unbroken, resumed = variables_of(directory / "unbroken"), variables_of(directory / "killed")
    assert unbroken.keys() == resumed.keys()
    for name, value in unbroken.items():
        np.testing.assert_array_equal(value, resumed[name], err_msg=name)
    assert snapshots_of(directory / "unbroken") == snapshots_of(directory / "killed")


CLASSIFIER = Job(
    "classification",
    "digits_lenet5",
    steps=200,
    kills=2,
    settings=[
        "model.modern=true",
        "model.batch_normalization=true",
        "training.checkpoint_every=20",
        "training.validate_every=100",
        "training.ema_momentum=0.99",
        "training.steps_per_call=3",
    ],
)
# A replay buffer that overflows, episodes that end, both kinds of actions.
AGENT = Job(
    "games",
    "cartpole_dqn",
    steps=300,
    kills=2,
    settings=[
        "data.learning_starts=50",
        "data.validation_episodes=2",
        "data.test_episodes=2",
        "model.widths=[16]",
        "data.replay_size=400",
        "data.exploration={final: 0.2, environment_steps: 500}",
        "training.checkpoint_every=20",
        "training.validate_every=100",
        "training.ema_momentum=0.99",
    ],
)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("job", [CLASSIFIER, AGENT], ids=["a stream", "an agent"])
def test_killed_and_continued(job, dlapps, tmp_path):
    check_exact_resume(job, dlapps, tmp_path)


@pytest.mark.timeout(900)
def test_killed_in_each_of_two_stages_and_continued(dlapps, tiny, tmp_path):
    backbone = tmp_path / "backbone"
    answer = dlapps("classification", "train", "digits_lenet5", "--run", backbone, *tiny)
    assert answer.exit_code == 0, answer.stderr
    frozen, thawed = 100, 200
    job = Job(
        "classification",
        "digits_transfer",
        steps=thawed,
        kills=2,
        settings=[
            f"transfer.run={backbone}",
            f"transfer.frozen_steps={frozen}",
            "training.checkpoint_every=20",
            "training.validate_every=100",
            "training.steps_per_call=3",
            "training.snapshots=5",
        ],
        targets=(frozen // 2, frozen + thawed // 3),
    )
    check_exact_resume(job, dlapps, tmp_path)
    assert [*snapshots_of(tmp_path / "killed")] == [0, 25, 50, 75, 100, 150, 200, 250, 300]


@pytest.mark.real_data
@pytest.mark.timeout(1800)
@pytest.mark.skipif("DLAPPS_KILLS" not in os.environ, reason="DLAPPS_KILLS is not set")
def test_mnist_killed(dlapps, tmp_path):
    """The claim of the README, made with DLAPPS_KILLS=20; too long for every run of the tests."""
    kills = int(os.environ["DLAPPS_KILLS"])
    settings, steps = CLASSIFIER.settings, 100 * (kills + 1)
    job = Job("classification", "mnist_lenet5", steps, settings, kills)
    check_exact_resume(job, dlapps, tmp_path)

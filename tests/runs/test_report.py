"""A report opens with the metric that matters, and its command trains the same run again."""

import shlex
from pathlib import Path

import pytest

from dlapps.config.files import config_files, read_text
from dlapps.config.schema import Config
from dlapps.runs.directory import read_config
from dlapps.runs.report import headline_of, training_command

METRICS = {
    "validation": {"accuracy": 0.5},
    "test": {"num_examples": 9, "loss": 0.2, "accuracy": 0.6, "soft_dice": 0.7},
}
RUN = Path("some run")


def config_of(application: str, name: str, *assignments: str) -> Config:
    """The config that comes with the suite, changed."""
    (path,) = (file.path for file in config_files(application) if file.name == name)
    return read_config(application, read_text(path), name, assignments)


REFERENCE = [
    "reference.metric=soft_dice", "reference.value=0.8", "reference.source=x",
    "reference.protocol=y",
]  # fmt: skip


@pytest.mark.parametrize(
    ("assignments", "metric"),
    [
        ([*REFERENCE, "training.monitor=accuracy"], "soft_dice"),
        (["training.monitor=accuracy"], "accuracy"),
        (["training.monitor=unmeasured"], "loss"),
    ],
)
def test_the_headline_is_what_was_published_else_monitored_else_first(assignments, metric):
    headline = headline_of(config_of("classification", "spirals_mlp", *assignments), METRICS)
    assert headline[:3] == (metric, METRICS["test"][metric], "test")


def test_without_metrics_there_is_no_headline():
    assert headline_of(config_of("classification", "spirals_mlp"), {}) is None


def test_a_run_as_its_config_says_needs_no_options():
    config = config_of("classification", "spirals_mlp")
    directory = Path("runs/classification/spirals_mlp/0")
    expected = "dlapps classification train spirals_mlp"
    assert training_command(config, "spirals_mlp", directory) == expected


@pytest.mark.parametrize(
    "assignments",
    [
        ["seed=3", "training.steps=7", "training.learning_rate=1e-5"],
        ["data.augmentation={}", "training.early_stopping={patience: 2}"],
        ["model={name: mlp, widths: [4]}", "training.schedule={name: polynomial}"],
    ],
)
def test_the_command_trains_the_same_config(assignments):
    config = config_of("classification", "digits_lenet5", *assignments)
    words = shlex.split(training_command(config, "digits_lenet5", RUN))
    assert words[:6] == ["dlapps", "classification", "train", "digits_lenet5", "--run", str(RUN)]
    changes = words[7::2]
    assert set(words[6::2]) == {"--set"}
    assert config_of("classification", "digits_lenet5", *changes) == config


def test_a_config_of_ones_own_is_trained_again_from_what_the_run_keeps():
    config = config_of("classification", "digits_lenet5")
    command = training_command(config, "my_own", RUN)
    assert command == ("dlapps classification train 'some run/config.yaml' --run 'some run.again'")

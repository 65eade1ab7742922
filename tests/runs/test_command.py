"""The command that a report and a model card show trains the same run again."""

import shlex
from pathlib import Path

import pytest

from dlapps.config.files import config_files, read_text
from dlapps.config.schema import Config
from dlapps.runs.command import training_command
from dlapps.runs.directory import read_config

RUN = Path("some run")


def config_of(application: str, name: str, *assignments: str) -> Config:
    """The config that comes with the suite, changed."""
    (path,) = (file.path for file in config_files(application) if file.name == name)
    return read_config(application, read_text(path), name, assignments)


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

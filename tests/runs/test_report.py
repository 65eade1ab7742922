"""A report opens with the metric that matters."""

import shutil

import pytest

from dlapps.config.files import config_files, read_text
from dlapps.config.schema import Config
from dlapps.runs.directory import read_config
from dlapps.runs.report import headline_of

METRICS = {
    "validation": {"accuracy": 0.5},
    "test": {"num_examples": 9, "loss": 0.2, "accuracy": 0.6, "soft_dice": 0.7},
}


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


def test_a_further_picture_is_drawn_when_it_is_asked_for(dlapps, xor_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(xor_run, run)
    ask = ("classification", "explain", run)
    answer = dlapps(*ask, "--picture", "loss_surface", "--json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["files"] == [f"{run}/pictures/loss_surface.png"]
    assert (run / "pictures" / "loss_surface.png").read_bytes().startswith(b"\x89PNG")
    dlapps(*ask, "--picture", "los_surface").assert_refused("did you mean loss_surface?")
    dlapps(*ask, "1,2", "--picture", "loss_surface").assert_refused("takes no INPUT")

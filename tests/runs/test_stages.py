"""Training in several stages: stopped in one or between two, it ends with the same weights."""

import json
import os
import shutil
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.config.files import find_config, read_text
from dlapps.errors import UsageError
from dlapps.files import digest_of
from dlapps.runs.directory import create_run, read_config
from dlapps.runs.run import Run
from dlapps.runs.trained import TrainedRun, open_run
from dlapps.training.checkpoints import CheckpointStore
from dlapps.training.loop import Stopped

FROZEN, THAWED = 8, 10


@pytest.fixture(scope="module")
def backbone(dlapps, tiny, tmp_path_factory) -> Path:
    """A finished run of a network on digits, with batch statistics to freeze."""
    run = tmp_path_factory.mktemp("backbone") / "digits_lenet5" / "0"
    modern = ("--set", "model.modern=true", "--set", "model.batch_normalization=true")
    answer = dlapps("classification", "train", "digits_lenet5", "--run", run, *tiny, *modern)
    assert answer.exit_code == 0, answer.stderr
    return run


@pytest.fixture(scope="module")
def staged(backbone):
    """Makes the run of a directory: a head of dropout on the backbone, frozen, then thawed."""

    def make(directory: Path, *changes: str) -> Run:
        file = find_config("classification", "digits_transfer")
        settings = [
            f"transfer.run={backbone}", f"transfer.frozen_steps={FROZEN}",
            f"training.steps={THAWED}", "training.checkpoint_every=3", "training.steps_per_call=1",
            "training.validate_every=4", "training.log_every=2", "training.ema_momentum=0.9",
            "training.precision=float32", "data.batch_size=16",
            "model={name: mlp, widths: [8], dropout: 0.3}", "data.augmentation.shift=0.1",
            *changes,
        ]  # fmt: skip
        config = read_config("classification", read_text(file.path), file.name, settings)
        return create_run("classification", config, directory)

    return make


@pytest.fixture(scope="module")
def unbroken(staged, tmp_path_factory) -> Run:
    run = staged(tmp_path_factory.mktemp("unbroken"))
    run.train("digits_transfer")
    return run


def trained(run: Run) -> TrainedRun:
    return open_run("classification", run.directory)


def values_of(run: Run) -> list[np.ndarray]:
    """The weights that were kept, and every variable in the last checkpoint of each stage."""
    values = [weight.numpy() for weight in trained(run).model.weights]
    for stage, step in (("frozen", FROZEN), ("thawed", THAWED)):
        file = str(run.directory / f"checkpoints/{stage}/step-{step:09d}/model")
        values += [tf.train.load_variable(file, name) for name in names_in(file)]
    return values


def names_in(file: str) -> list[str]:
    kinds = ("model", "optimizers", "metrics")
    return [name for name, _ in tf.train.list_variables(file) if name.startswith(kinds)]


def assert_same(first: Run, second: Run) -> None:
    for a, b in zip(values_of(first), values_of(second), strict=True):
        np.testing.assert_array_equal(a, b)


def stop_at(number: int):
    """Sends SIGTERM after so many steps of all stages together."""
    told = []

    def on_step(step: int, row) -> None:
        told.append(step)
        if len(told) == number:
            os.kill(os.getpid(), signal.SIGTERM)

    return on_step


def reached(run: Run, stage: str) -> int:
    newest = CheckpointStore(run.directory / "checkpoints" / stage).newest()
    return newest.progress.step if newest else 0


@pytest.mark.parametrize(
    ("number", "frozen", "thawed"),
    [(5, 5, 0), (FROZEN, FROZEN, 1), (FROZEN + 7, FROZEN, 7)],
    ids=["in the first", "at the border", "in the second"],
)
def test_stopped_in_a_stage_or_between_two_it_ends_the_same(
    staged, unbroken, tmp_path, number, frozen, thawed
):
    with pytest.raises(Stopped):
        staged(tmp_path).train("digits_transfer", stop_at(number))
    run = staged(tmp_path)
    assert (reached(run, "frozen"), reached(run, "thawed")) == (frozen, thawed)
    run.train("digits_transfer")
    assert_same(unbroken, run)


def test_lost_between_two_stages_it_ends_the_same(staged, unbroken, tmp_path):
    """As if killed where the first stage is whole and the second has saved nothing."""
    shutil.copytree(unbroken.directory, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/checkpoints/thawed")
    (tmp_path / "run/model.keras").unlink()
    run = staged(tmp_path / "run")
    run.train("digits_transfer")
    assert_same(unbroken, run)


def test_the_backbone_is_frozen_at_first_and_moves_later(staged, backbone, unbroken, tmp_path):
    with pytest.raises(Stopped):
        staged(tmp_path, "training.ema_momentum=null").train("digits_transfer", stop_at(7))
    halfway = trained(staged(tmp_path, "training.ema_momentum=null")).model
    before = keras.saving.load_model(backbone / "model.keras", compile=False)
    for model, moved in ((halfway, False), (trained(unbroken).model, True)):
        pairs = [
            (weight.numpy(), now.numpy())
            for layer in model.layers[:-1]
            for weight, now in zip(before.get_layer(layer.name).weights, layer.weights, strict=True)
        ]
        assert len(pairs) > 8
        assert all(np.array_equal(a, b) for a, b in pairs) is not moved


def test_the_history_counts_through_all_stages(unbroken):
    steps = [row["step"] for row in trained(unbroken).history()]
    assert steps == sorted(set(steps))
    assert steps[-1] == FROZEN + THAWED


def test_an_unfinished_second_stage_answers(staged, tmp_path, caplog):
    with pytest.raises(Stopped):
        staged(tmp_path).train("digits_transfer", stop_at(FROZEN + 7))
    caplog.set_level("WARNING", "dlapps")
    metrics = trained(staged(tmp_path)).evaluate()
    assert 0 <= metrics["test"]["accuracy"] <= 1
    assert f"at step 7 of {THAWED}" in caplog.text


def refusal(dlapps, tmp_path, *settings: str) -> str:
    options = [part for text in settings for part in ("--set", text)]
    run = ("--run", tmp_path / "new")
    answer = dlapps("classification", "train", "digits_transfer", *run, *options)
    assert answer.exit_code == 2, answer.stderr
    assert not (tmp_path / "new/config.yaml").exists(), "a ghost of a run is left"
    return answer.stderr


def test_a_stage_that_does_not_exist_is_refused(dlapps, tmp_path):
    assert "did you mean frozen_steps" in refusal(dlapps, tmp_path, "transfer.frozn_steps=3")


def test_an_ingredient_that_is_no_finished_run_is_refused(dlapps, backbone, tmp_path):
    nowhere = refusal(dlapps, tmp_path, f"transfer.run={tmp_path}/nowhere")
    assert f"transfer.run: {tmp_path}/nowhere is no finished run" in nowhere
    unfinished = Path(shutil.copytree(backbone, tmp_path / "unfinished"))
    (unfinished / "model.keras").unlink()
    assert "is no finished run" in refusal(dlapps, tmp_path, f"transfer.run={unfinished}")


def test_an_ingredient_of_another_application_is_refused(dlapps, backbone, tmp_path):
    other = Path(shutil.copytree(backbone, tmp_path / "other"))
    config = (other / "config.yaml").read_text().replace(": classification", ": generation")
    (other / "config.yaml").write_text(config)
    message = refusal(dlapps, tmp_path, f"transfer.run={other}")
    assert f"{other} is a run of generation; one of classification is wanted" in message


def test_an_ingredient_that_does_not_fit_is_refused(dlapps, backbone, xor_run, tmp_path):
    for settings, words in (
        ([f"transfer.run={xor_run}"], "takes inputs of (2,)"),
        ([f"transfer.run={backbone}", "transfer.layer=dens6"], "did you mean dense6"),
        ([f"transfer.run={backbone}", "transfer.layer=conv1"], "one vector an example"),
    ):
        assert words in refusal(dlapps, tmp_path, *settings)


def test_an_ingredient_that_changed_is_refused(staged, backbone, tmp_path):
    copy = Path(shutil.copytree(backbone, tmp_path / "backbone"))
    ingredient = f"transfer.run={copy}"
    with pytest.raises(Stopped):
        staged(tmp_path / "run", ingredient).train("digits_transfer", stop_at(5))
    model = keras.saving.load_model(copy / "model.keras")
    model.trainable_variables[0].assign_add(model.trainable_variables[0])
    model.save(copy / "model.keras")
    with pytest.raises(UsageError, match=r"transfer\.run: the model of .* was damaged or replaced"):
        staged(tmp_path / "run", ingredient).train("digits_transfer")
    environment = json.loads((copy / "environment.json").read_text())
    environment["digests"]["model.keras"] = digest_of(copy / "model.keras")
    (copy / "environment.json").write_text(json.dumps(environment))
    with pytest.raises(UsageError, match=r"transfer\.run: the run it names has changed"):
        staged(tmp_path / "run", ingredient).train("digits_transfer")

"""The loop on a small network: it learns, stops, resumes exactly, and refuses nonsense."""

import os
import shutil
import signal
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import ShuffledBatches, in_order
from dlapps.data.splits import Examples
from dlapps.training.checkpoints import CheckpointStore
from dlapps.training.history import read_history
from dlapps.training.loop import NonFiniteLoss, Stopped, train
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage
from dlapps.training.steps import MetricsOn


def settings(**changes) -> TrainingSettings:
    values = {
        "steps": 30,
        "learning_rate": 0.01,
        "checkpoint_every": 10,
        "validate_every": 10,
        "log_every": 5,
        "restore_best_weights": False,
    }
    return TrainingSettings(**values | changes)


def examples(count: int = 100) -> Examples:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(count, 4)).astype("float32")
    return Examples({"x": x, "y": (x.sum(axis=1) > 0).astype("int32")})


def build_model(options: TrainingSettings) -> keras.Model:
    """A network with every kind of state: dropout, batch statistics, optimizer slots."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    x = layers.BatchNormalization()(layers.Dense(8, activation="tanh")(inputs))
    outputs = layers.Dense(2)(layers.Dropout(0.3)(x))
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=build_optimizer(options),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


def run(directory, options: TrainingSettings, on_step=None, data=None) -> keras.Model:
    data = data or examples()
    model = build_model(options)
    batches = ShuffledBatches(data, 16, 0, lambda columns, draws: (columns["x"], columns["y"]))
    held_out = in_order(data, 32, lambda columns: (columns["x"], columns["y"]))
    stage = Stage("training", model, batches, options, MetricsOn(model, held_out))
    train(stage, directory, on_step=on_step or (lambda step, row: None))
    return model


def weights_of(model: keras.Model) -> list[np.ndarray]:
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


def assert_same(first: keras.Model, second: keras.Model) -> None:
    for a, b in zip(weights_of(first), weights_of(second), strict=True):
        np.testing.assert_array_equal(a, b)


def stop_at(step: int, number: int = signal.SIGTERM):
    """Sends this process a signal once a step is reached."""

    def on_step(reached: int, row) -> None:
        if reached == step:
            os.kill(os.getpid(), number)

    return on_step


class Trained(NamedTuple):
    """A run that is over."""

    model: keras.Model
    directory: Path


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> Trained:
    """A run that nothing disturbed, to be looked at but not changed."""
    directory = tmp_path_factory.mktemp("unbroken")
    return Trained(run(directory, settings(steps_per_call=1)), directory)


@pytest.fixture(scope="module")
def stopped_at_23(tmp_path_factory) -> Path:
    """The directory of a run with checkpoints at 20 and at 23, to be copied."""
    directory = tmp_path_factory.mktemp("stopped")
    with pytest.raises(Stopped):
        run(directory, settings(steps_per_call=1), stop_at(23))
    return directory


def test_the_loss_falls_and_the_history_says_so(tmp_path):
    run(tmp_path, settings(steps=100))
    rows = read_history(tmp_path / "history.csv")
    assert rows[-1]["step"] == 100
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    assert "validation_accuracy" in rows[1]
    assert "validation_accuracy" not in rows[0]


def test_a_run_stopped_again_and_again_ends_with_the_same_weights(tmp_path, unbroken):
    for step in (1, 7, 10, 23):
        with pytest.raises(Stopped) as stopped:
            run(tmp_path, settings(steps_per_call=1), stop_at(step))
        assert stopped.value.exit_code == 128 + signal.SIGTERM
        assert CheckpointStore(tmp_path / "checkpoints/training").newest().progress.step == step
    assert_same(unbroken.model, run(tmp_path, settings(steps_per_call=1)))


@pytest.mark.parametrize(
    "changes",
    [
        {
            "ema_momentum": 0.9,
            "optimizer": {"name": "sgd", "momentum": 0.9},
            "weight_decay": 0.01,
        },
        {
            "accumulation_steps": 4,
            "schedule": {"name": "cosine", "warmup_steps": 2},
            "clip_norm": 0.5,
        },
        {"optimizer": "schedule_free_adamw", "weight_decay": 0.01},
        {"optimizer": "muon", "schedule": "one_cycle"},
    ],
)
def test_every_way_of_updating_resumes_exactly(tmp_path, changes):
    options = settings(steps_per_call=1, **changes)
    whole = run(tmp_path / "whole", options)
    with pytest.raises(Stopped):
        run(tmp_path / "stopped", options, stop_at(13))
    assert_same(whole, run(tmp_path / "stopped", options))


def test_steps_per_call_does_not_change_a_weight(tmp_path, unbroken):
    assert_same(unbroken.model, run(tmp_path, settings(steps_per_call=7)))


def test_other_data_changes_the_weights(tmp_path, unbroken):
    """The negative control of the comparisons above."""
    other = run(tmp_path, settings(steps_per_call=1), data=examples(99))
    assert not np.array_equal(weights_of(unbroken.model)[0], weights_of(other)[0])


def test_the_newest_two_and_the_best_checkpoint_are_kept(tmp_path):
    options = settings(steps=60)
    run(tmp_path, options)
    store = CheckpointStore(tmp_path / "checkpoints/training")
    kept = {int(path.name.removeprefix("step-")) for path in store.directory.iterdir()}
    rows = [row for row in read_history(tmp_path / "history.csv") if "validation_loss" in row]
    best = min(rows, key=lambda row: row["validation_loss"])["step"]
    assert store.newest().progress.best_step == best
    assert kept >= {50, 60, best}
    assert len(kept) <= 4


def test_the_best_weights_are_restored(tmp_path):
    options = settings(steps=60, learning_rate=0.5, restore_best_weights=True)
    model = run(tmp_path, options)
    rows = [row for row in read_history(tmp_path / "history.csv") if "validation_loss" in row]
    validation = in_order(examples(), 32, lambda columns: (columns["x"], columns["y"]))
    measured = model.evaluate(validation, verbose=0, return_dict=True)["loss"]
    assert measured == pytest.approx(min(row["validation_loss"] for row in rows), rel=1e-5)
    assert measured != pytest.approx(rows[-1]["validation_loss"], rel=1e-5)


@pytest.mark.parametrize("damage", ["truncate", "flip", "lose"])
def test_a_broken_newest_checkpoint_is_named_and_the_one_before_used(
    tmp_path, caplog, unbroken, stopped_at_23, damage
):
    shutil.copytree(stopped_at_23, tmp_path / "run")
    store = CheckpointStore(tmp_path / "run/checkpoints/training")
    broken = store.newest().directory
    file = next(broken.glob("model.data*"))
    contents = bytearray(file.read_bytes())
    if damage == "truncate":
        file.write_bytes(contents[: len(contents) // 2])
    elif damage == "flip":
        contents[len(contents) // 2] ^= 1
        file.write_bytes(contents)
    else:
        file.unlink()
    assert store.newest().progress.step == 20
    assert broken.name in caplog.text
    assert_same(unbroken.model, run(tmp_path / "run", settings(steps_per_call=1)))


def test_a_loss_that_is_not_finite_names_the_step_and_the_last_good_checkpoint(tmp_path):
    data = examples()
    data.columns["x"][40] = np.nan
    with pytest.raises(NonFiniteLoss, match=r"not finite at step \d+. There is no earlier"):
        run(tmp_path, settings(), data=data)

    model = build_model(settings())

    def poison(step: int, row) -> None:
        if step == 15:
            model.trainable_variables[0].assign(np.full((4, 8), np.nan))

    batches = ShuffledBatches(
        examples(), 16, 0, lambda columns, draws: (columns["x"], columns["y"])
    )
    stage = Stage("training", model, batches, settings(steps_per_call=1))
    with pytest.raises(NonFiniteLoss, match=r"at step 16\. .*step-000000010"):
        train(stage, tmp_path / "poisoned", on_step=poison)
    assert CheckpointStore(tmp_path / "poisoned/checkpoints/training").newest().progress.step == 10


def test_early_stopping_counts_on_after_a_resume(tmp_path):
    options = settings(
        steps=400,
        learning_rate=1e-9,
        steps_per_call=1,
        early_stopping={"patience": 3, "min_delta": 0.5},
    )
    run(tmp_path / "unbroken", options)
    ended = CheckpointStore(tmp_path / "unbroken/checkpoints/training").newest().progress
    assert ended.step == 40
    with pytest.raises(Stopped):
        run(tmp_path / "stopped", options, stop_at(25))
    run(tmp_path / "stopped", options)
    assert CheckpointStore(tmp_path / "stopped/checkpoints/training").newest().progress == ended


def test_a_finished_run_is_left_as_it_is(tmp_path, unbroken):
    shutil.copytree(unbroken.directory, tmp_path / "run")
    before = (tmp_path / "run/history.csv").read_text()
    assert_same(unbroken.model, run(tmp_path / "run", settings(steps_per_call=1)))
    assert (tmp_path / "run/history.csv").read_text() == before


def test_tensorboard_reads_the_events(unbroken):
    (events,) = (unbroken.directory / "logs").iterdir()
    found = [
        (event.step, value.tag)
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    ]
    assert (30, "validation_loss") in found


def test_each_step_is_told_with_its_row_of_the_history(tmp_path):
    told = []
    run(tmp_path, settings(steps_per_call=1), lambda step, row: told.append((step, dict(row))))
    assert [step for step, _ in told] == list(range(1, 31))
    rows = {row["step"]: row for row in read_history(tmp_path / "history.csv")}
    assert {step for step, row in told if row} == rows.keys() == set(range(5, 31, 5))
    assert told[9][1]["validation_loss"] == pytest.approx(rows[10]["validation_loss"])


def test_a_run_may_go_on_for_longer_than_it_was_first_asked_to(tmp_path, unbroken):
    run(tmp_path, settings(steps_per_call=1, steps=20))
    assert_same(unbroken.model, run(tmp_path, settings(steps_per_call=1)))

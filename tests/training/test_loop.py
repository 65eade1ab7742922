"""The loop on a small network: it learns, stops, resumes exactly, and refuses nonsense."""

import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.data.batches import ShuffledBatches, in_order
from dlapps.data.splits import Examples
from dlapps.training.checkpoints import CheckpointStore
from dlapps.training.history import read_history
from dlapps.training.loop import NonFiniteLoss, train
from dlapps.training.optimizers import build_optimizer
from dlapps.training.settings import TrainingSettings
from dlapps.training.signals import Stopped


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


def run(directory, options: TrainingSettings, callbacks=(), data=None) -> keras.Model:
    data = data or examples()
    model = build_model(options)
    batches = ShuffledBatches(data, 16, 0, lambda columns, draws: (columns["x"], columns["y"]))
    validation = in_order(data, 32, lambda columns: (columns["x"], columns["y"]))
    train(model, batches, options, directory, validation=validation, callbacks=callbacks)
    return model


def weights_of(model: keras.Model) -> list[np.ndarray]:
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


def assert_same(first: keras.Model, second: keras.Model) -> None:
    for a, b in zip(weights_of(first), weights_of(second), strict=True):
        np.testing.assert_array_equal(a, b)


class StopAt(keras.callbacks.Callback):
    """Sends this process a signal once a step is reached."""

    def __init__(self, step: int, number: int = signal.SIGTERM):
        super().__init__()
        self.step, self.number, self.sent = step, number, False

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 >= self.step and not self.sent:
            self.sent = True
            os.kill(os.getpid(), self.number)


def test_the_loss_falls_and_the_history_says_so(tmp_path):
    run(tmp_path, settings(steps=100))
    rows = read_history(tmp_path / "history.csv")
    assert rows[-1]["step"] == 100
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    assert "validation_accuracy" in rows[1]
    assert "validation_accuracy" not in rows[0]


@pytest.mark.parametrize("stop_at", [1, 7, 10, 23])
def test_a_stopped_run_continues_to_the_same_weights(tmp_path, stop_at):
    options = settings(steps_per_call=1)
    unbroken = run(tmp_path / "unbroken", options)
    with pytest.raises(Stopped) as stopped:
        run(tmp_path / "stopped", options, [StopAt(stop_at)])
    assert stopped.value.exit_code == 128 + signal.SIGTERM
    assert CheckpointStore(tmp_path / "stopped/checkpoints").newest().progress.step == stop_at
    assert_same(unbroken, run(tmp_path / "stopped", options))


@pytest.mark.parametrize(
    "changes",
    [
        {"ema_momentum": 0.9},
        {"accumulation_steps": 4},
        {"schedule": {"name": "cosine", "warmup_steps": 5}, "clip_norm": 0.5},
        {"optimizer": {"name": "sgd", "momentum": 0.9}, "weight_decay": 0.01},
    ],
)
def test_every_way_of_updating_resumes_exactly(tmp_path, changes):
    options = settings(steps_per_call=1, **changes)
    unbroken = run(tmp_path / "unbroken", options)
    with pytest.raises(Stopped):
        run(tmp_path / "stopped", options, [StopAt(13)])
    assert_same(unbroken, run(tmp_path / "stopped", options))


def test_steps_per_call_does_not_change_a_weight(tmp_path):
    one = run(tmp_path / "one", settings(steps_per_call=1))
    many = run(tmp_path / "many", settings(steps_per_call=7))
    assert_same(one, many)


def test_another_seed_of_the_data_changes_the_weights(tmp_path):
    """The negative control of the comparisons above."""
    one = run(tmp_path / "one", settings())
    other = run(tmp_path / "other", settings(), data=examples(99))
    assert not np.array_equal(weights_of(one)[0], weights_of(other)[0])


def test_the_newest_two_and_the_best_checkpoint_are_kept(tmp_path):
    options = settings(steps=60)
    run(tmp_path, options)
    store = CheckpointStore(tmp_path / "checkpoints")
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
def test_a_broken_newest_checkpoint_is_named_and_the_one_before_used(tmp_path, caplog, damage):
    options = settings(steps_per_call=1)
    unbroken = run(tmp_path / "unbroken", options)
    with pytest.raises(Stopped):
        run(tmp_path / "run", options, [StopAt(23)])
    store = CheckpointStore(tmp_path / "run/checkpoints")
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
    assert_same(unbroken, run(tmp_path / "run", options))


def test_a_loss_that_is_not_finite_names_the_step_and_the_last_good_checkpoint(tmp_path):
    data = examples()
    data.columns["x"][40] = np.nan
    with pytest.raises(NonFiniteLoss, match=r"not finite at step \d+. There is no earlier"):
        run(tmp_path, settings(), data=data)

    class Poison(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch + 1 == 15:
                self.model.trainable_variables[0].assign(np.full((4, 8), np.nan))

    with pytest.raises(NonFiniteLoss, match=r"at step 16\. .*step-000000010"):
        run(tmp_path / "poisoned", settings(steps_per_call=1), [Poison()])
    assert CheckpointStore(tmp_path / "poisoned/checkpoints").newest().progress.step == 10


def test_early_stopping_counts_on_after_a_resume(tmp_path):
    options = settings(
        steps=400,
        learning_rate=1e-9,
        steps_per_call=1,
        early_stopping={"patience": 3, "min_delta": 0.5},
    )
    run(tmp_path / "unbroken", options)
    ended = CheckpointStore(tmp_path / "unbroken/checkpoints").newest().progress
    assert ended.step == 40
    with pytest.raises(Stopped):
        run(tmp_path / "stopped", options, [StopAt(25)])
    run(tmp_path / "stopped", options)
    assert CheckpointStore(tmp_path / "stopped/checkpoints").newest().progress == ended


def test_a_finished_run_is_left_as_it_is(tmp_path):
    first = run(tmp_path, settings())
    before = (tmp_path / "history.csv").read_text()
    assert_same(first, run(tmp_path, settings()))
    assert (tmp_path / "history.csv").read_text() == before


def test_tensorboard_reads_the_events(tmp_path):
    run(tmp_path, settings())
    (events,) = (tmp_path / "logs").iterdir()
    found = [
        (event.step, value.tag)
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    ]
    assert (30, "validation_loss") in found

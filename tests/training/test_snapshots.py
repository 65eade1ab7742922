"""Snapshots are those that were planned, the same after a resume, and of the weights that count."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import ShuffledBatches, in_order
from dlapps.data.splits import Examples
from dlapps.errors import UsageError
from dlapps.training.loop import Stopped, StopRequest, train
from dlapps.training.optimizers import build_optimizer
from dlapps.training.snapshots import Snapshot, read_snapshots, snapshot_steps
from dlapps.training.stage import Stage
from dlapps.training.steps import MetricsOn

SETTINGS = TrainingSettings(
    steps=20, learning_rate=0.05, snapshots=4, checkpoint_every=6, validate_every=10,
    restore_best_weights=False, ema_momentum=0.9,
)  # fmt: skip


def build_model(settings: TrainingSettings = SETTINGS, units: int = 8) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    x = layers.BatchNormalization()(layers.Dense(units)(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.Dropout(0.3)(x)))
    model.compile(
        optimizer=build_optimizer(settings),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def run(
    directory: Path,
    settings: TrainingSettings = SETTINGS,
    stop_at: int = 0,
    name: str = "training",
    first_step: int = 0,
) -> keras.Model:
    model, stop = build_model(settings), StopRequest()
    x = np.random.RandomState(0).normal(size=(100, 4)).astype("float32")
    examples = Examples({"x": x, "y": (x.sum(axis=1) > 0).astype("int32")})
    batches = ShuffledBatches(examples, 16, 0, lambda columns, draws: (columns["x"], columns["y"]))
    held_out = in_order(examples, 50, lambda columns: (columns["x"], columns["y"]))

    def on_step(step: int, row) -> None:
        stop.number = 15 if step == stop_at else None

    stage = Stage(name, model, batches, settings, MetricsOn(model, held_out))
    train(stage, directory, first_step=first_step, on_step=on_step, stop=stop)
    return model


def contents_of(directory: Path) -> dict[int, bytes]:
    return {each.step: each.path.read_bytes() for each in read_snapshots(directory)}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> tuple[Path, keras.Model]:
    """The directory and the model of a run with snapshots, to be looked at but not changed."""
    directory = tmp_path_factory.mktemp("unbroken")
    return directory, run(directory)


def assert_holds(snapshot: Snapshot, model: keras.Model) -> None:
    restored = build_model()
    snapshot.restore(restored)
    for a, b in zip(model.weights, restored.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_they_go_evenly_from_the_weights_drawn_to_the_averages_that_are_kept(unbroken):
    directory, trained = unbroken
    first, *_, last = snapshots = read_snapshots(directory)
    assert [each.step for each in snapshots] == [0, 7, 13, 20]
    assert_holds(first, build_model())
    assert_holds(last, trained)


def test_no_weight_changes_by_them(unbroken, tmp_path):
    without = run(tmp_path, SETTINGS.model_copy(update={"snapshots": 0}))
    for a, b in zip(unbroken[1].variables, without.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert read_snapshots(tmp_path) == []


@pytest.mark.parametrize("step", [7, 12])
def test_a_run_stopped_and_continued_has_those_of_an_unbroken_one(unbroken, tmp_path, step):
    settings = SETTINGS.model_copy(update={"steps_per_call": 1})
    with pytest.raises(Stopped):
        run(tmp_path, settings, stop_at=step)
    # As if it had been killed between a snapshot and the checkpoint of the same step.
    (tmp_path / "snapshots" / "step-000000013.npz").write_bytes(b"ahead of the checkpoint")
    run(tmp_path, settings)
    assert contents_of(tmp_path) == contents_of(unbroken[0])


def test_where_training_ends_early_the_last_is_of_its_end(tmp_path):
    stopping = {"patience": 1, "min_delta": 100.0}
    settings = TrainingSettings(
        steps=100, snapshots=4, learning_rate=1e-9, validate_every=10, early_stopping=stopping
    )
    run(tmp_path, settings)
    assert [each.step for each in read_snapshots(tmp_path)] == [0, 20]


def test_a_run_made_longer_keeps_no_more_than_were_asked_for(tmp_path):
    run(tmp_path)
    run(tmp_path, SETTINGS.model_copy(update={"steps": 40}))
    # Of 0, 13, 27 and 40 those that it had passed are the nearest there were.
    assert [each.step for each in read_snapshots(tmp_path)] == [0, 13, 27, 40]


def test_a_stage_keeps_those_of_the_stages_before_it(tmp_path):
    run(tmp_path)
    before = contents_of(tmp_path)
    settings = SETTINGS.model_copy(update={"steps": 10, "snapshots": 2})
    run(tmp_path, settings, name="second", first_step=20)
    after = contents_of(tmp_path)
    assert list(after) == [0, 7, 13, 20, 30]
    assert all(after[step] == before[step] for step in (0, 7, 13))


def test_fewer_steps_than_snapshots_have_one_each():
    assert snapshot_steps(TrainingSettings(steps=3, snapshots=9)) == [0, 1, 2, 3]


def test_more_than_a_disk_should_hold_is_refused_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr("dlapps.training.snapshots.MOST_BYTES", 1000)
    with pytest.raises(UsageError, match=r"4 snapshots of .* would take .* ask for at most 2\."):
        run(tmp_path)
    assert not (tmp_path / "snapshots").exists()


def test_a_broken_one_and_one_of_another_network_are_named(unbroken, tmp_path):
    first = read_snapshots(unbroken[0])[0]
    with pytest.raises(UsageError, match=r"step-000000000\.npz holds the weights of another net"):
        first.restore(build_model(units=9))
    cut = tmp_path / "step-000000000.npz"
    cut.write_bytes(first.path.read_bytes()[:-30])
    with pytest.raises(UsageError, match=r"step-000000000\.npz is not what this program wrote"):
        Snapshot(0, cut).restore(build_model())


def test_one_snapshot_is_refused():
    with pytest.raises(ValueError, match="give 0 or at least 2"):
        TrainingSettings(steps=3, snapshots=1)

"""The loop: joins a model's `train_step` with a source of batches, and can be stopped anywhere."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import tensorflow as tf
from keras import ops

from dlapps.errors import DlappsError, UsageError, did_you_mean
from dlapps.progress import Display
from dlapps.training.averages import averaged_weights, begin_averages, keep_averages
from dlapps.training.checkpoints import CheckpointStore, Progress, make_slots
from dlapps.training.diagnostics import diagnostics_of
from dlapps.training.diagnostics_file import DiagnosticsFile
from dlapps.training.distribution import (
    consensus,
    distribute,
    is_chief,
    num_workers,
)
from dlapps.training.hardware import StepsPerCall, choose_jit
from dlapps.training.history import History
from dlapps.training.optimizers import learning_rates
from dlapps.training.snapshots import Snapshots, refuse_too_large
from dlapps.training.stage import Stage
from dlapps.training.steps import compile_training, read_metrics


class Stopped(DlappsError):
    """Training was asked to stop by a signal, and did so after saving."""

    def __init__(self, number: int, message: str):
        super().__init__(message)
        self.exit_code = 128 + number


class StopRequest:
    """The signal that asked training to stop, if one did."""

    number: int | None = None

    def _receive(self, number: int, _frame: object) -> None:
        self.number = number
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def catch_stop_signals() -> Iterator[StopRequest]:
    """Yields the request to look at; asking again ends the process at once."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {
        number: signal.signal(number, request._receive)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class NonFiniteLoss(DlappsError):
    """The loss became infinite or not a number."""


OnStep = Callable[[int, Mapping[str, float]], None]


def told_nobody(step: int, metrics: Mapping[str, float]) -> None:
    """What happens after a step if nobody asked to be told."""


def train(
    stage: Stage,
    directory: Path,
    *,
    first_step: int = 0,
    on_step: OnStep = told_nobody,
    stop: StopRequest | None = None,
    shown: bool = True,
) -> Progress:
    """Trains the model of `stage` to the end of the stage and returns where it ended.

    Continues from the stage's newest whole checkpoint in `directory`, the run's, if there is one.
    Afterwards the model holds the weights that the settings ask to keep: the best by validation,
    or the last. Must be called under the strategy the model was built in.

    The history counts steps from `first_step` on, those of the stages before. After each call of
    `steps_per_call` steps, `on_step` is told the step reached in this stage, and the row of the
    history where one was written there; what it raises ends the training. `stop` is the request
    to stop of all stages together, where there are several. `shown` is whether stderr tells how far
    it has come.

    Raises Stopped after a signal (having saved), NonFiniteLoss, or CheckpointError.
    """
    stopping = catch_stop_signals() if stop is None else contextlib.nullcontext(stop)
    with stopping as request:
        loop = _Loop(stage, directory, first_step, on_step, shown)
        with contextlib.closing(loop):
            return loop.run(request)


def checkpoints_of(stage: Stage, directory: Path) -> CheckpointStore:
    """The checkpoints of a stage of the run in `directory`."""
    return CheckpointStore(directory / "checkpoints" / stage.name, keeps=is_chief())


def restore_ended(stage: Stage, directory: Path) -> Progress | None:
    """Where a stage ended, its model as it was left then; None if there is something to learn.

    Raises UsageError if more steps were taken than the stage is to have.
    """
    store = checkpoints_of(stage, directory)
    newest = store.newest()
    if newest is None or not newest.progress.is_over(stage.settings):
        return None
    if newest.progress.step > stage.settings.steps:
        raise UsageError(
            f"{directory} has taken {newest.progress.step} steps, more than the "
            f"{stage.settings.steps} asked for now. Ask for at least as many, choose another "
            "directory with --run, or start over with --fresh."
        )
    begin_averages(stage.model, stage.settings)
    store.restore_model(newest, stage.model)
    _keep_best(store, stage)
    return newest.progress


def restore_best_so_far(stage: Stage, directory: Path) -> Progress | None:
    """Where an unfinished stage stands, its model with the best weights yet; None before any."""
    store = checkpoints_of(stage, directory)
    newest = store.newest()
    if newest is not None:
        begin_averages(stage.model, stage.settings)
        store.restore_model(newest, stage.model)
        _keep_best(store, stage)
    return newest.progress if newest else None


def _keep_best(store: CheckpointStore, stage: Stage) -> None:
    """Leaves in the model the weights that the settings ask to keep."""
    best = store.best() if stage.settings.restore_best_weights else None
    if best is not None:
        store.restore_model(best, stage.model)
    keep_averages(stage.model)


class _Loop:
    """One run of the loop: what its steps share."""

    def __init__(self, stage, directory, first_step, on_step, shown):
        self.stage, self.first_step, self.on_step = stage, first_step, on_step
        self.model, self.settings, self.validation = stage.model, stage.settings, stage.validation
        self.strategy = tf.distribute.get_strategy()
        self.store = checkpoints_of(stage, directory)
        newest = self.store.newest()
        self.progress = newest.progress if newest else Progress()
        refuse_too_large(self.model, self.settings)
        self.iterator = iter(distribute(stage.batches, self.progress.step, self.strategy))
        make_slots(self.model)
        begin_averages(self.model, self.settings)
        jit = choose_jit(self.model, self.settings, self.strategy.num_replicas_in_sync)
        self.take_steps = compile_training(self.model, self.strategy, jit)
        # Tracing creates the last variables there are (metrics, slots), so restoring comes after.
        self.take_steps.get_concrete_function(self.iterator, tf.constant(1, tf.int64))
        if self.validation and self.settings.monitor not in self.validation.names():
            raise UsageError(
                f"training.monitor cannot be {self.settings.monitor!r}"
                + did_you_mean(self.settings.monitor, self.validation.names())
            )
        if newest:
            self.store.restore(newest, self.model, stage.batches)
        self.consensus = consensus(self.strategy)
        self.history = History(directory, first_step + self.progress.step) if is_chief() else None
        self.snapshots = Snapshots(
            directory, self.settings, first_step, self.progress.step, keeps=is_chief()
        )
        self.diagnostics = None
        if self.settings.diagnostics and self.history:
            self.diagnostics = diagnostics_of(stage)
            self.diagnostics_file = DiagnosticsFile(
                directory, first_step + self.progress.step, self.history.events
            )
        self.display = Display(self.progress.step, self.settings.steps, shown=shown and is_chief())
        self.steps_per_call = StepsPerCall(self.settings.steps_per_call, num_workers())
        self.row_began = (time.monotonic(), self.progress.step)

    def run(self, stop: StopRequest) -> Progress:
        """Steps until the end, an early end, or a signal."""
        if self.progress.step == 0 and self.snapshots.is_due(0, is_over=False):
            self.snapshots.take(self.model, 0)
        while not self.progress.is_over(self.settings):
            self._call()
            row = self._record() if self._due(self.settings.log_every) or self._validates() else {}
            self.on_step(self.progress.step, row)
            (stopped,) = self.consensus([float(stop.number is not None)])
            is_over = self.progress.is_over(self.settings)
            is_best = self.progress.best_step == self.progress.step
            # Before the checkpoint: what a run goes on from must not be ahead of what it has kept.
            if self.snapshots.is_due(self.progress.step, is_over):
                self.snapshots.take(self.model, self.progress.step)
            if is_best or self._due(self.settings.checkpoint_every) or is_over or stopped:
                self._save()
            if stopped and not is_over:
                raise Stopped(stop.number or 15, self._describe_stop())
        self.consensus([0.0])  # The chief may still be writing; this waits for it.
        _keep_best(self.store, self.stage)
        return self.progress

    def close(self) -> None:
        """Ends the bar and the logs."""
        self.display.close()
        if self.history:
            self.history.close()

    def _due(self, every: int) -> bool:
        return self.progress.step % every == 0 or self.progress.step == self.settings.steps

    def _validates(self) -> bool:
        return self.validation is not None and self._due(self.settings.validate_every)

    def _call(self) -> None:
        """Takes as many steps as fit before something is due."""
        step, settings = self.progress.step, self.settings
        rhythms = (settings.log_every, settings.validate_every, settings.checkpoint_every)
        end = self.snapshots.next_after(step, settings.steps)
        until_due = min(end - step, *(every - step % every for every in rhythms))
        count = min(self.steps_per_call.count, until_due)
        if self.diagnostics:
            # The last step before a row is taken alone, so that its update can be measured.
            until_row = min(settings.steps - step, settings.log_every - step % settings.log_every)
            count = min(count, max(until_row - 1, 1))
            if until_row == 1:
                self.diagnostics.before_update()
        began = time.monotonic()
        finite = int(self.take_steps(self.iterator, tf.constant(count, tf.int64)))
        self.steps_per_call.observe(count, time.monotonic() - began)
        if finite < count:
            self._refuse(f"The loss is not finite at step {step + finite + 1}.")
        self.progress = self.progress.at(step + count)
        self.display.advance(count)
        if self.display.is_due:
            self.display.refresh(read_metrics(self.model))

    def _record(self) -> dict[str, float]:
        """Adds a row to the history, with the validation metrics if they are due; returns it."""
        row = read_metrics(self.model)
        self.model.reset_metrics()
        now, (began, first_step) = time.monotonic(), self.row_began
        row |= learning_rates(self.model)
        row["steps_per_second"] = (self.progress.step - first_step) / max(now - began, 1e-9)
        if self._validates():
            row |= {f"validation_{name}": value for name, value in self._validate().items()}
        if self.history:
            self.history.add(self.first_step + self.progress.step, row)
        if self.diagnostics and self._due(self.settings.log_every):
            self.diagnostics_file.add(
                self.first_step + self.progress.step, self.diagnostics.measure()
            )
        self.display.row(self.progress.step, row)
        self.row_began = (time.monotonic(), self.progress.step)
        return row

    def _validate(self) -> dict[str, float]:
        with averaged_weights(self.model):
            local = self.validation.measure()
        measured = dict(zip(local, self.consensus(list(local.values())), strict=True))
        value = measured[self.settings.monitor]
        self.progress = self.progress.after_validation(value, self.settings)
        return measured

    def _save(self) -> None:
        if not all(bool(ops.all(ops.isfinite(w))) for w in self.model.trainable_weights):
            self._refuse(f"The weights are not finite at step {self.progress.step}.")
        self.store.save(self.model, self.stage.batches, self.progress)

    def _refuse(self, what: str) -> NoReturn:
        raise NonFiniteLoss(
            f"{what} {self.store.describe_last_good()} Try a smaller training.learning_rate, or "
            "training.clip_norm."
        )

    def _describe_stop(self) -> str:
        return (
            f"Stopped at step {self.progress.step} of {self.settings.steps} and saved; "
            "the same command continues."
        )

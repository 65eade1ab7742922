"""The loop: joins a model's `train_step` with a source of batches, and can be stopped anywhere."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import keras
import tensorflow as tf
from keras import ops

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import Batches
from dlapps.errors import DlappsError, UsageError, did_you_mean
from dlapps.progress import Display
from dlapps.training.checkpoints import CheckpointStore, Progress
from dlapps.training.distribution import (
    average_statistics,
    consensus,
    distribute,
    is_chief,
    num_workers,
)
from dlapps.training.hardware import StepsPerCall, choose_jit
from dlapps.training.history import History
from dlapps.training.optimizers import (
    averaged_weights,
    keep_averages,
    learning_rates,
    optimizers_of,
)
from dlapps.training.steps import Validation, compile_training, read_metrics


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


def train(
    model: keras.Model,
    batches: Batches,
    settings: TrainingSettings,
    directory: Path,
    *,
    validation: Validation | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Progress:
    """Trains a compiled `model` for `settings.steps` steps and returns where it ended.

    Continues from the newest whole checkpoint in `directory`, if there is one. Afterwards the
    model holds the weights that `settings` asks to keep: the best by validation, or the last.
    Must be called under the strategy the model was built in. To Keras callbacks, an epoch is the
    time from one validation to the next, its logs named as Keras names them (`val_loss`), and a
    batch is one call of `steps_per_call` steps.

    Raises Stopped after a signal (having saved), NonFiniteLoss, or CheckpointError.
    """
    with catch_stop_signals() as stop:
        loop = _Loop(model, batches, settings, directory, validation, callbacks)
        with contextlib.closing(loop):
            return loop.run(stop)


class _Loop:
    """One run of the loop: what its steps share."""

    def __init__(self, model, batches, settings, directory, validation, callbacks):
        self.model, self.batches, self.settings = model, batches, settings
        self.strategy = tf.distribute.get_strategy()
        self.store = CheckpointStore(directory / "checkpoints", keeps=is_chief())
        newest = self.store.newest()
        self.progress = newest.progress if newest else Progress()
        self.iterator = iter(distribute(batches, self.progress.step, self.strategy))
        _make_slots(model)
        jit = choose_jit(model, settings, self.strategy.num_replicas_in_sync)
        self.take_steps = compile_training(model, self.strategy, jit)
        # Tracing creates the last variables there are (metrics, slots), so restoring comes after.
        self.take_steps.get_concrete_function(self.iterator, tf.constant(1, tf.int64))
        self.validation = validation
        if validation and settings.monitor not in validation.names():
            raise UsageError(
                f"training.monitor cannot be {settings.monitor!r}"
                + did_you_mean(settings.monitor, validation.names())
            )
        if newest:
            self.store.restore(newest, model, batches)
        self.consensus = consensus(self.strategy)
        self.history = History(directory, self.progress.step) if is_chief() else None
        self.display = Display(self.progress.step, settings.steps, shown=is_chief())
        steps_per_call = 1 if batches.follow_the_model else settings.steps_per_call
        self.steps_per_call = StepsPerCall(steps_per_call, num_workers())
        self.callbacks = keras.callbacks.CallbackList(list(callbacks), model=model)
        self.row_began = (time.monotonic(), self.progress.step)

    def run(self, stop: StopRequest) -> Progress:
        """Steps until the end, an early end, or a signal."""
        self.model.stop_training = False
        self.callbacks.on_train_begin()
        self.callbacks.on_epoch_begin(self.progress.step)
        while not self._is_over():
            self._call()
            if self._due(self.settings.log_every) or self._validates():
                self._record()
            (stopped,) = self.consensus([float(stop.number is not None)])
            is_best = self.progress.best_step == self.progress.step
            if is_best or self._due(self.settings.checkpoint_every) or self._is_over() or stopped:
                self._save()
            if stopped and not self._is_over():
                raise Stopped(stop.number or 15, self._describe_stop())
        self.callbacks.on_train_end()
        self._keep_weights()
        return self.progress

    def close(self) -> None:
        """Ends the bar and the logs."""
        self.display.close()
        if self.history:
            self.history.close()

    def _is_over(self) -> bool:
        return (
            self.progress.step >= self.settings.steps
            or self.model.stop_training
            or self.progress.is_stopped_early(self.settings)
        )

    def _due(self, every: int) -> bool:
        return self.progress.step % every == 0 or self.progress.step == self.settings.steps

    def _validates(self) -> bool:
        return self.validation is not None and self._due(self.settings.validate_every)

    def _call(self) -> None:
        """Takes as many steps as fit before something is due."""
        step, settings = self.progress.step, self.settings
        rhythms = (settings.log_every, settings.validate_every, settings.checkpoint_every)
        until_due = min(settings.steps - step, *(every - step % every for every in rhythms))
        count = min(self.steps_per_call.count, until_due)
        self.callbacks.on_train_batch_begin(step)
        began = time.monotonic()
        finite = int(self.take_steps(self.iterator, tf.constant(count, tf.int64)))
        self.steps_per_call.observe(count, time.monotonic() - began)
        if finite < count:
            self._refuse(f"The loss is not finite at step {step + finite + 1}.")
        self.progress = self.progress.at(step + count)
        self.display.advance(count)
        if self.display.is_due or self.callbacks.callbacks:
            metrics = read_metrics(self.model)
            self.display.refresh(metrics)
            self.callbacks.on_train_batch_end(self.progress.step - 1, metrics)

    def _record(self) -> None:
        """Adds a row to the history, with the validation metrics if they are due."""
        row = read_metrics(self.model)
        self.model.reset_metrics()
        now, (began, first_step) = time.monotonic(), self.row_began
        row |= learning_rates(self.model)
        row["steps_per_second"] = (self.progress.step - first_step) / max(now - began, 1e-9)
        if self._validates():
            measured = self._validate()
            self.callbacks.on_epoch_end(self.progress.step, row | _prefixed("val_", measured))
            self.callbacks.on_epoch_begin(self.progress.step)
            row |= _prefixed("validation_", measured)
        if self.history:
            self.history.add(self.progress.step, row)
        self.display.row(self.progress.step, row)
        self.row_began = (time.monotonic(), self.progress.step)

    def _validate(self) -> dict[str, float]:
        average_statistics(self.model, self.strategy)
        with averaged_weights(self.model):
            local = self.validation.measure()
        measured = dict(zip(local, self.consensus(list(local.values())), strict=True))
        value = measured[self.settings.monitor]
        self.progress = self.progress.after_validation(value, self.settings)
        return measured

    def _save(self) -> None:
        average_statistics(self.model, self.strategy)
        if not all(bool(ops.all(ops.isfinite(w))) for w in self.model.trainable_weights):
            self._refuse(f"The weights are not finite at step {self.progress.step}.")
        self.store.save(self.model, self.batches, self.progress)

    def _keep_weights(self) -> None:
        """Leaves in the model the weights that `settings` asks to keep."""
        self.consensus([0.0])  # The chief may still be writing; this waits for it.
        best = self.store.best() if self.settings.restore_best_weights else None
        if best is not None:
            self.store.restore_model(best, self.model)
        keep_averages(self.model)

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


def _make_slots(model: keras.Model) -> None:
    """Has a lone optimizer make its variables now.

    First made while the steps are traced, inside a loop, they could not always be lifted out of
    it. Several optimizers share out the weights in a way that only the model knows; it builds them.
    """
    optimizers = list(optimizers_of(model).values())
    if len(optimizers) == 1:
        optimizers[0].build(model.trainable_variables)


def _prefixed(prefix: str, values: Mapping[str, float]) -> dict[str, float]:
    return {prefix + name: value for name, value in values.items()}

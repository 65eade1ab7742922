"""A search for settings: trials of one config, each a run, chosen and pruned by Optuna."""

import contextlib
import dataclasses
import functools
import logging
import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import keras
import numpy as np
import optuna
import tensorflow as tf
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from dlapps.config.schema import Config
from dlapps.config.search_space import Dimension, Space
from dlapps.errors import DlappsError, UsageError, in_short
from dlapps.files import sole_user, writing_to
from dlapps.runs.directory import create_run, read_config
from dlapps.training.distribution import num_workers
from dlapps.training.history import read_history
from dlapps.training.loop import NonFiniteLoss

logger = logging.getLogger(__name__)

JOURNAL = "journal.log"
TRIALS_BEFORE_PRUNING = 5
"""Completed ones: the median of fewer says little."""
NEVER_PRUNED = 4
"""Of the steps, the first one in so many: a good learning rate may begin slowly."""
REASON, SETTINGS = "reason", "settings"
"""What is kept of a trial beside Optuna's own: why it failed, and its settings as YAML."""


class FailedTrial(DlappsError):
    """A trial has no value; the search goes on without it."""


@dataclasses.dataclass(frozen=True)
class Search:
    """A search in a directory, to be begun or continued."""

    directory: Path
    application: str
    config_name: str
    """What exports of its runs will be called."""
    text: str
    """The config as written."""
    source: str
    """What errors call it."""
    assignments: tuple[str, ...]
    """`KEY=VALUE`, the same for all trials."""
    space: Space

    @functools.cached_property
    def config(self) -> Config:
        """What all trials share, but for what is searched."""
        return self.config_with({})

    @property
    def measure(self) -> str:
        """What trials are compared by, as the history calls it."""
        return f"validation_{self.config.training.monitor}"

    @property
    def smaller_is_better(self) -> bool:
        """Whether the best trial is that of the smallest value."""
        return self.config.training.mode == "min"

    def config_with(self, settings: Mapping[str, str]) -> Config:
        """The config of a trial, by the settings that it draws, each as YAML writes it."""
        return read_config(self.application, self.text, self.source, self.with_drawn(settings))

    def with_drawn(self, settings: Mapping[str, str]) -> list[str]:
        """The assignments of a trial."""
        return [*self.assignments, *(f"{key}={text}" for key, text in settings.items())]

    @functools.cached_property
    def dimensions(self) -> dict[str, Dimension]:
        """The space, as the config understands it. Raises UsageError where it refuses an end."""
        return {key: self._checked(key, dimension) for key, dimension in self.space.items()}

    def _checked(self, key: str, dimension: Dimension) -> Dimension:
        for end in dimension.ends():
            try:
                self.config_with({key: end})
            except UsageError as error:
                reason = str(error).removeprefix(f"--set {in_short(f'{key}={end}')}: ")
                raise UsageError(f"{dimension.source}: {reason}") from error

        def accepts(text: str) -> bool:
            with contextlib.suppress(UsageError):
                self.config_with({key: text})
                return True
            return False

        return dimension.for_setting(accepts)

    def run(self, num_trials: int) -> optuna.Study:
        """Tries until there are `num_trials` in all; returns the study with all of them.

        Raises UsageError where something else than this search is in the directory, and Stopped
        after a signal; then the same search goes on in the trial where it was stopped.
        """
        if num_workers() > 1:
            raise UsageError("A search trains on one machine, but TF_CONFIG names several.")
        dimensions = self.dimensions
        with self._study() as study:
            _give_up_interrupted(study, dimensions)
            for number in range(len(concluded(study)) + 1, num_trials + 1):
                # Its own seed, so that what is drawn is the same after any interruption.
                study.sampler = optuna.samplers.TPESampler(seed=_seed(self.config.seed, number))
                trial = study.ask()
                drawn = {key: each.suggested_by(trial, key) for key, each in dimensions.items()}
                trial.set_user_attr(SETTINGS, drawn)
                logger.info("Trial %d of %d: %s", number, num_trials, _listed(drawn))
                self._try(study, trial, number, drawn)
                # A model is a circle of references, and may hold much until Python looks for it.
                keras.utils.clear_session()
            return study

    @contextlib.contextmanager
    def _study(self) -> Iterator[optuna.Study]:
        """A block that alone goes on with the study in the directory."""
        self._refuse_other_files()
        with writing_to(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        # Optuna writes its journal whenever it is asked or told.
        with sole_user(self.directory), writing_to(self.directory):
            study = self._open_study()
            self._refuse_other_search(study)
            yield study

    def _refuse_other_files(self) -> None:
        there = self.directory.iterdir() if self.directory.is_dir() else ()
        others = sorted(path.name for path in there if not path.name.startswith("."))
        if others and JOURNAL not in others:
            raise UsageError(
                f"{self.directory} is no search and holds other files, such as {others[0]}. Choose "
                "another directory with --to."
            )

    def _open_study(self) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        path = self.directory / JOURNAL
        with writing_to(self.directory):
            _mend(path)
        training = self.config.training
        try:
            return optuna.create_study(
                storage=optuna.storages.JournalStorage(JournalFileBackend(str(path))),
                study_name="search",
                direction="minimize" if self.smaller_is_better else "maximize",
                pruner=optuna.pruners.MedianPruner(
                    TRIALS_BEFORE_PRUNING, n_warmup_steps=training.steps // NEVER_PRUNED
                ),
                load_if_exists=True,
            )
        except OSError:
            raise
        except Exception as error:  # A damaged journal is stumbled over in any way there is.
            raise UsageError(
                f"{path} is not a journal this program wrote. Choose another directory with --to."
            ) from error

    def _refuse_other_search(self, study: optuna.Study) -> None:
        """What a search began with it goes on with; how many trials it makes is up to the user."""
        asked = {
            "config": self.config.to_yaml(),
            "space": {key: dimension.written() for key, dimension in self.space.items()},
        }
        before = study.user_attrs.get("asked")
        if before is None:
            study.set_user_attr("asked", asked)
            return
        # As an object, so that a setting that came later strands no search.
        config = read_config(self.application, before["config"], f"The config of {self.directory}")
        changed = "config" if config != self.config else "space"
        if (config, before["space"]) != (self.config, asked["space"]):
            raise UsageError(
                f"{self.directory} is a search with another {changed}. Choose another directory "
                "with --to, or go on with what it began with."
            )

    def _try(
        self, study: optuna.Study, trial: optuna.Trial, number: int, drawn: Mapping[str, str]
    ) -> None:
        """Trains one trial and tells the study what came of it."""
        try:
            value = self._value_of(study, trial, number, drawn)
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
            logger.info("Trial %d was pruned: it is behind the median of those before.", number)
        except FailedTrial as error:
            trial.set_user_attr(REASON, str(error))
            study.tell(trial, state=TrialState.FAIL)
            logger.warning("Trial %d failed: %s", number, error)
        else:
            study.tell(trial, value)
            logger.info(
                "Trial %d: %s %.5g; the best so far is %.5g.",
                number, self.measure.replace("_", " "), value, study.best_value,
            )  # fmt: skip

    def _value_of(
        self, study: optuna.Study, trial: optuna.Trial, number: int, drawn: Mapping[str, str]
    ) -> float:
        """The best validation of a trial, which is trained in a run of its own, or goes on there.

        Raises TrialPruned, or FailedTrial where its settings have none.
        """
        try:
            config = self.config_with(drawn)
        except UsageError as error:  # Each alone was accepted.
            raise FailedTrial(str(error)) from error
        directory = run_of(self.directory, number)
        watch = Watch(trial, directory / "history.csv", self.measure)
        try:
            watch.look_back()
            run = create_run(self.application, config, directory)
            outcome = run.train(self.config_name, watch.on_step)
        except NonFiniteLoss as error:
            raise FailedTrial(str(error)) from error
        except tf.errors.ResourceExhaustedError as error:
            raise FailedTrial("It needs more memory than there is.") from error
        except UsageError as error:
            # What no other trial met may be the fault of these settings; a full disk is not.
            if isinstance(error.__cause__, OSError) or not _have_trained(study):
                raise UsageError(f"Trial {number} with {_listed(drawn)}: {error}") from error
            raise FailedTrial(str(error)) from error
        value = outcome[f"best_{self.measure}"]
        if value is None:
            raise FailedTrial(f"Its {self.measure.replace('_', ' ')} was never finite.")
        return value


class Watch:
    """Tells a trial what its run validates, and ends the run where Optuna would prune it."""

    def __init__(self, trial: optuna.Trial, history: Path, measure: str):
        self.trial, self.history, self.measure = trial, history, measure
        self.reported: set[int] = set()

    def look_back(self) -> None:
        """Reports what was validated before an interruption."""
        for row in read_history(self.history):
            if self.measure in row:
                self._report(int(row["step"]), row[self.measure])

    def on_step(self, _step: int, row: Mapping[str, float]) -> None:
        """Reports a row of the history that was validated."""
        if self.measure in row:
            # The history counts through all stages.
            step = int(read_history(self.history)[-1]["step"])
            self._report(step, row[self.measure])

    def _report(self, step: int, value: float) -> None:
        # A trial without a number is no trial behind the others; the pruner takes it for one.
        if step in self.reported or not math.isfinite(value):
            return
        self.reported.add(step)
        self.trial.report(value, step)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def run_of(directory: Path, number: int) -> Path:
    """Where the run of a trial lies in the directory of its search."""
    return directory / "trials" / f"{number:03d}"


def concluded(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials that came to an end of their own, be it a failure; those interrupted did not."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or REASON in trial.user_attrs
    ]


def _give_up_interrupted(study: optuna.Study, names: Collection[str]) -> None:
    """Marks trials that a process left behind as failed, and has their settings tried again."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        if REASON not in trial.user_attrs and set(trial.params) == set(names):
            study.enqueue_trial(trial.params)


def _have_trained(study: optuna.Study) -> bool:
    return any(REASON not in trial.user_attrs for trial in concluded(study))


def _mend(path: Path) -> None:
    """Cuts off what a killed process wrote of its last line, and frees its lock on the journal."""
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    if path.exists():
        contents = path.read_bytes()
        whole = contents.rfind(b"\n") + 1
        if whole < len(contents):
            with path.open("r+b") as file:
                file.truncate(whole)


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])


def _listed(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={in_short(text)}" for key, text in settings.items())

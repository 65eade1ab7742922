"""What came of a search: its best config, what mattered, and pictures of all trials."""

import logging
import shlex
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from dlapps.config.files import dump_yaml, load_yaml, override
from dlapps.config.search_space import Dimension
from dlapps.errors import DlappsError
from dlapps.explain.figures.png import png_bytes
from dlapps.explain.figures.search import (
    Setting,
    State,
    Trial,
    best_of,
    parallel_coordinates_figure,
    search_history_figure,
)
from dlapps.files import json_text, write_into
from dlapps.runs.search import REASON, SETTINGS, Search, concluded, run_of

logger = logging.getLogger(__name__)

BEST, RESULTS = "best.yaml", "results.json"
FEWEST_TO_WEIGH = 4
"""Completed trials; what fewer say of a setting's importance is chance."""
BEST_SHARE = 0.25
"""Optuna's tenth is one or two trials of a search of some dozens."""
STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "completed",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


def report_search(search: Search, study: optuna.Study) -> dict[str, Any]:
    """What was found, also in results.json; the best config and two pictures are beside it.

    Raises DlappsError where no trial was completed.
    """
    found = concluded(study)
    trials = [_as_drawn(trial, number, search.dimensions) for number, trial in enumerate(found, 1)]
    best = best_of(trials, search.smaller_is_better)
    if best is None:
        raise DlappsError(_nothing_completed(search, found))
    drawn = found[best.number - 1].user_attrs[SETTINGS]
    document = {
        "search": str(search.directory),
        "metric": search.measure,
        "mode": search.config.training.mode,
        "trials": {
            state: sum(trial.state == state for trial in trials) for state in STATES.values()
        },
        "best": {
            "trial": best.number,
            "value": best.value,
            "settings": best.settings,
            "run": str(run_of(search.directory, best.number)),
        },
        "importance": _importance(study),
        "config": str(write_into(search.directory, BEST, _best_yaml(search, best, drawn, trials))),
        "pictures": [str(path) for path in _draw(search, trials)],
    }
    every = [{**trial._asdict(), "reason": _reason(one)} for trial, one in zip(trials, found)]
    write_into(search.directory, RESULTS, json_text({**document, "all_trials": every}) + "\n")
    return document


def _as_drawn(trial: FrozenTrial, number: int, dimensions: dict[str, Dimension]) -> Trial:
    """A trial as the pictures show it."""
    drawn = trial.user_attrs[SETTINGS]
    settings = {key: dimensions[key].value(text) for key, text in drawn.items()}
    return Trial(number, settings, STATES[trial.state], trial.value)


def _reason(trial: FrozenTrial) -> str | None:
    return trial.user_attrs.get(REASON)


def _nothing_completed(search: Search, found: Sequence[FrozenTrial]) -> str:
    last = next((reason for trial in reversed(found) if (reason := _reason(trial))), None)
    told = f" The last that failed: {last}" if last else ""
    return f"None of the {len(found)} trials of {search.directory} was completed.{told}"


def _importance(study: optuna.Study) -> dict[str, float] | None:
    """How much each setting tells the best quarter of the completed trials from the others.

    The shares sum to 1. None where nothing tells.
    """
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(completed) < FEWEST_TO_WEIGH or len({trial.value for trial in completed}) == 1:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE)
        shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {key: float(share) for key, share in shares.items()}


def _best_yaml(search: Search, best: Trial, drawn: dict[str, str], trials: Sequence[Trial]) -> str:
    """The config as it was written, with the best settings in it, and a header that says whence."""
    values = override(load_yaml(search.text, search.source), search.with_drawn(drawn))
    measure = search.measure.replace("_", " ")
    command = ["dlapps", "search", search.source]
    written = (f"{key}={dimension.written()}" for key, dimension in search.space.items())
    command += [part for text in written for part in ("--space", text)]
    command += [part for assignment in search.assignments for part in ("--set", assignment)]
    command += ["--trials", str(len(trials)), "--to", str(search.directory)]
    path = search.directory / BEST
    header = (
        f"# The best of {len(trials)} trials: {measure} {best.value:.5g}, with one seed.",
        f"# {shlex.join(command)}",
        f"# dlapps {search.application} train {shlex.quote(str(path))}",
        "# Chosen on the validation split; the test split was not measured.",
    )
    return "\n".join(header) + "\n" + dump_yaml(values)


def _draw(search: Search, trials: Sequence[Trial]) -> list[Path]:
    """The files of the two pictures."""
    settings = [
        Setting(key, each.choices, each.low, each.high, each.is_log)
        for key, each in search.dimensions.items()
    ]
    figures = {
        "history": search_history_figure(trials, search.measure, search.smaller_is_better),
        "parallel_coordinates": parallel_coordinates_figure(
            trials, settings, search.measure, search.smaller_is_better
        ),
    }
    return [
        write_into(search.directory / "pictures", f"{name}.png", png_bytes(figure))
        for name, figure in figures.items()
    ]

"""Deep ensembles (Lakshminarayanan, Pritzel, Blundell 2017, "Simple and scalable predictive
uncertainty estimation using deep ensembles"): several runs that answer together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlapps.applications import application_names
from dlapps.config.files import load_yaml, read_text
from dlapps.errors import UsageError, in_short
from dlapps.metrics.classification import classification_report
from dlapps.metrics.uncertainty import (
    disagreement_report,
    mutual_information,
    predictive_entropy,
)
from dlapps.progress import progress
from dlapps.runs.documents import ENVIRONMENT
from dlapps.runs.report_page import number_text
from dlapps.runs.trained import TrainedRun, open_run

SPLIT = "test"
MEASURES = {
    "accuracy": "Accuracy",
    "negative_log_likelihood": "Negative log-likelihood",
    "expected_calibration_error": "Expected calibration error",
}

Document = Mapping[str, Any]


def measure_ensemble(directories: Sequence[Path], assignments: Sequence[str] = ()) -> Document:
    """What runs say of their test split, each alone and all together, as plain values.

    Keys: `split`, `num_examples`, `members` (measures by directory), `mean_of_members`, and
    `ensemble`: the measures of the mean probabilities, and those of `disagreement_report`.
    `assignments` are as in `open_run`, for all members.

    Raises UsageError where they are fewer than two, or were trained for other classes or with
    another test split: what such runs say of an example cannot be put together.
    """
    application = _refuse_few(directories)
    members = [open_run(application, directory, assignments) for directory in directories]
    for member in members[1:]:
        _refuse_strangers(members[0], member)
    # Opened anew, one at a time: each holds its data for as long as it lives.
    answers = [
        _answers(open_run(application, directory, assignments))
        for directory in progress(directories, "Measuring the members")
    ]
    labels, samples = answers[0][0], np.stack([probabilities for _, probabilities in answers])
    if any(not np.array_equal(labels, others) for others, _ in answers):
        raise UsageError(
            f"The members do not read the same {SPLIT} split now: the data of one of them have "
            "changed since it was trained."
        )
    names = _class_names(members[0])
    measured = [_measures(labels, probabilities, names) for probabilities in samples]
    disagreement = disagreement_report(
        labels, samples.mean(axis=0), predictive_entropy(samples), mutual_information(samples)
    )
    return {
        "split": SPLIT,
        "num_examples": len(labels),
        "members": dict(zip(map(str, directories), measured, strict=True)),
        "mean_of_members": {
            name: float(np.mean([each[name] for each in measured])) for name in MEASURES
        },
        "ensemble": _measures(labels, samples.mean(axis=0), names) | disagreement,
    }


def ensemble_table(document: Document) -> str:
    """The document as a Markdown table, with a sentence on the disagreement below."""
    members, together = document["members"], document["ensemble"]
    lines = {f"`{name}`": measures for name, measures in members.items()}
    lines |= {
        "mean of the members": document["mean_of_members"],
        f"**ensemble of {len(members)}**": together,
    }
    rows = [["Run", *MEASURES.values()], ["---"] * (1 + len(MEASURES))]
    rows += [[name, *(number_text(each[key]) for key in MEASURES)] for name, each in lines.items()]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    told = [
        f"{number_text(together[key])} where it is {word}"
        for word in ("right", "wrong")
        if (key := f"mutual_information_of_{word}") in together
    ]
    return (
        f"{table}\n\nOn {document['num_examples']:,} examples of the {document['split']} split. "
        f"The members disagree (mutual information in nats) by {' and '.join(told)}.\n"
    )


def _refuse_few(directories: Sequence[Path]) -> str:
    """The application of the first of the runs, which must be two or more, and not the same."""
    first = directories[0]
    if len({directory.resolve() for directory in directories}) < max(2, len(directories)):
        raise UsageError(
            "An ensemble has at least two members, each another run. dlapps compare CONFIG "
            "--seeds 3 trains such, runs/APPLICATION/CONFIG/0 to 2."
        )
    path = first / "config.yaml"
    if not path.is_file():
        raise UsageError(f"{first} is not a run: it has no config.yaml.")
    owner = load_yaml(read_text(path), str(path)).get("application")
    if owner not in application_names():
        raise UsageError(f"{path} is a config of {in_short(str(owner))}, which is no application.")
    return owner


def _refuse_strangers(first: TrainedRun, other: TrainedRun) -> None:
    if _class_names(first) != _class_names(other):
        raise UsageError(
            f"{other.directory} knows other classes than {first.directory}: "
            f"{in_short(', '.join(_class_names(other)))} and "
            f"{in_short(', '.join(_class_names(first)))}."
        )
    if _fingerprint(first) != _fingerprint(other):
        raise UsageError(
            f"{other.directory} has another test split than {first.directory}, so that one may "
            "have learned from what the other is measured on. Members are trained on the same data."
        )


def _class_names(run: TrainedRun) -> Sequence[str]:
    classes = run.application.classes(run.load_spec())
    if classes is None:
        raise UsageError(
            f"{run.directory} is a run of {run.config.application}, whose answers are no classes: "
            "there are no probabilities to take the mean of."
        )
    return classes.names


def _fingerprint(run: TrainedRun) -> str | None:
    return run.read_json(ENVIRONMENT)["data_fingerprints"].get(SPLIT)


def _answers(run: TrainedRun) -> tuple[np.ndarray, np.ndarray]:
    """The labels [N] and probabilities [N, C] of the test split."""
    classes = run.application.classes(run.load_spec())
    assert classes is not None, "what has no classes was refused"
    return classes.probabilities(run.model, run.data, SPLIT)


def _measures(
    labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> dict[str, float]:
    report = classification_report(labels, probabilities, class_names)
    return {name: report[name] for name in MEASURES}

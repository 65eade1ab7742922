"""Which labels of a run's data are probably wrong: a ranking, a list to correct, and a picture."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlapps.applications.base import Classes
from dlapps.data.selection import NAME, data_fingerprint, list_text, read_list
from dlapps.data.sources.published import origin_of
from dlapps.errors import UsageError, in_short, printable
from dlapps.explain.figures.examples import Drawing, examples_figure
from dlapps.explain.figures.mistakes import mistake_caption
from dlapps.explain.figures.names import end_of
from dlapps.explain.figures.png import png_bytes
from dlapps.files import write_into, writing_to
from dlapps.metrics.confident_learning import confident_learning
from dlapps.runs.cell import Cell
from dlapps.runs.folds import TRAIN, out_of_fold
from dlapps.runs.trained import TrainedRun

logger = logging.getLogger(__name__)

LIST, PICTURE, PREVIOUS = "suspects.csv", "suspects.png", "suspects.previous.csv"
MOST_DRAWN = 30
PANEL_SIZE = (1.6, 2.1)
"""Of one example in the picture, with its three lines, in inches."""
LONGEST_NAME = 24
SMALLEST_PROBABILITY = 1e-12
"""As in the classification report: one impossible label costs 27.6 nats."""


class Suspect(NamedTuple):
    """An example whose label is probably wrong."""

    example: str
    """Its name in its source."""
    split: str
    given: str
    likelier: str
    probability: float
    """Of the likelier class."""
    probability_of_given: float
    loss: float
    """Of the run itself, in nats."""
    row: int
    """In its split."""


LISTED = [name for name in Suspect._fields if name != "row"]
NAMES, NUMBERS = ("example", "given", "likelier"), ("probability", "probability_of_given", "loss")


def classes_of(run: TrainedRun) -> Classes:
    """The classes that the run tells apart; UsageError where it does something else."""
    classes = run.application.classes(run.load_spec())
    if classes is None:
        raise UsageError(
            f"{run.directory} is a run of {run.config.application}, which tells no classes apart: "
            "its examples have no label that could be faulty."
        )
    return classes


def find_suspects(
    run: TrainedRun, splits: Sequence[str], cells: Sequence[Cell] | None
) -> list[Suspect]:
    """The suspects of some splits, those of whose label a model is the least confident first.

    With `cells`, the finished runs of the folds of train (`dlapps.runs.folds`), they are found by
    confident learning on what a model says that did not see the example: that of its fold in
    train, `run` elsewhere. With None, they are the mistakes of `run` itself by its loss, also where
    it learned from them.
    """
    found = [each for split in splits for each in _in_split(run, split, cells)]
    return sorted(found, key=lambda suspect: suspect.probability_of_given)


def _in_split(run: TrainedRun, split: str, cells: Sequence[Cell] | None) -> Iterator[Suspect]:
    classes, names = classes_of(run), run.data[split].names
    assert names is not None, "data that have classes name their examples"
    labels, own = classes.probabilities(run.model, run.data, split)
    losses = -np.log(np.maximum(own[np.arange(len(labels)), labels], SMALLEST_PROBABILITY))
    if cells is not None:
        judged = out_of_fold(run, classes, cells) if split == TRAIN else own
        rows = confident_learning(labels, judged).suspects
    else:
        judged = own
        rows = np.flatnonzero(own.argmax(axis=1) != labels)
    likelier = judged.argmax(axis=1)
    for row in rows.tolist():
        yield Suspect(
            example=os.fsdecode(names[row]),
            split=split,
            given=classes.names[labels[row]],
            likelier=classes.names[likelier[row]],
            probability=float(judged[row, likelier[row]]),
            probability_of_given=float(judged[row, labels[row]]),
            loss=float(losses[row]),
            row=row,
        )


def suspects_document(
    run: TrainedRun, splits: Sequence[str], num_folds: int, found: Sequence[Suspect], top: int
) -> dict[str, Any]:
    """What is known of the suspects as plain values: how many there are, and the `top` worst."""
    return {
        "run": str(run.directory),
        "method": "confident learning" if num_folds else "loss",
        "folds": num_folds,
        "splits": {
            split: {
                "num_examples": len(run.data[split]),
                "num_suspects": sum(suspect.split == split for suspect in found),
            }
            for split in splits
        },
        "suspects": [
            {"rank": rank, **_as_listed(suspect)} for rank, suspect in enumerate(found[:top], 1)
        ],
    }


def _as_listed(suspect: Suspect) -> dict[str, Any]:
    values = suspect._asdict()
    return {
        name: round(values[name], 6) if isinstance(values[name], float) else values[name]
        for name in LISTED
    }


def suspects_table(document: Mapping[str, Any]) -> str:
    """The worst suspects in columns, and below them how many there are in each split."""
    heads = ["rank", "split", "example", "given", "likelier", "P(likelier)", "P(given)", "loss"]
    rows = [
        [
            str(each["rank"]), each["split"], *(in_short(each[name]) for name in NAMES),
            *(f"{each[name]:.3f}" for name in NUMBERS),
        ]
        for each in document["suspects"]
    ]  # fmt: skip
    lines = _aligned([heads, *rows]) if rows else []
    lines += [
        f"{split}: {counts['num_suspects']:,} of {counts['num_examples']:,} labels are suspect, "
        f"by {document['method']}"
        for split, counts in document["splits"].items()
    ]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def write_suspects(
    run: TrainedRun, found: Sequence[Suspect], top: int, directory: Path
) -> list[Path]:
    """Writes the list of all suspects, and a picture of the `top` worst; returns their paths.

    What `run` excludes already heads the list, which so can take the place of the one before. A
    list that lies there and was changed, as people do, is kept beside the new one.
    """
    contents = _list_of(run, found)
    _keep_changed(directory, contents)
    files = [write_into(directory, LIST, contents)]
    picture = _picture(run, found[: min(top, MOST_DRAWN)], len(found))
    return [*files, *([write_into(directory, PICTURE, picture)] if picture else [])]


def _list_of(run: TrainedRun, found: Sequence[Suspect]) -> bytes:
    rows = [_as_listed(suspect) for suspect in found]
    excluded = run.config.data.model_dump().get("exclude")
    if excluded is not None:
        before = read_list(excluded)
        rows = [*({NAME: os.fsdecode(name)} for name in before.lines), *rows]
        return list_text(rows, LISTED, before.fingerprint)
    # Files keep their names when others are added; numbers mean something in these data alone.
    is_named_by_files = origin_of(run.config.data).is_divided_by_users
    return list_text(rows, LISTED, "" if is_named_by_files else data_fingerprint(run.data))


def _keep_changed(directory: Path, contents: bytes) -> None:
    path = directory / LIST
    if path.is_file() and path.read_bytes() != contents:
        with writing_to(directory):
            path.replace(directory / PREVIOUS)
        logger.warning("%s is another now; what it was is kept as %s.", path, PREVIOUS)


def _picture(run: TrainedRun, worst: Sequence[Suspect], num_suspects: int) -> bytes | None:
    """The worst as they look, under given and likelier label; None where nothing can be seen."""
    classes = classes_of(run)
    drawn: dict[Suspect, Drawing] = {}
    for split in {suspect.split for suspect in worst}:
        of_split = [suspect for suspect in worst if suspect.split == split]
        examples = run.data[split][np.array([suspect.row for suspect in of_split])]
        drawn |= zip(of_split, classes.drawings(run.model, examples))
    if not drawn:
        return None
    title = f"The {len(worst)} worst of {num_suspects:,} suspects (given → likelier)"
    drawings, captions = [drawn[each] for each in worst], [_caption(each) for each in worst]
    return png_bytes(examples_figure(title, drawings, captions, PANEL_SIZE))


def _caption(suspect: Suspect) -> str:
    caption = mistake_caption(suspect.given, suspect.likelier, suspect.probability)
    return f"{caption}\n{end_of(printable(suspect.example), LONGEST_NAME)}"

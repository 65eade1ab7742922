"""Recordings divided by who speaks, so that validation and test are voices nobody learned from."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from dlapps.data.splits import Examples
from dlapps.errors import UsageError, did_you_mean, in_short

SpeakerOf = Callable[[str], str]
"""From the name of an example to who speaks in it."""
FEWEST = 3
"""Speakers: one for each split."""


def speaker_of_digit(name: str) -> str:
    """Who speaks in a file of the Free Spoken Digit Dataset, such as 7_jackson_32.wav."""
    return name.split("_")[1]


def speaker_of_file(name: str) -> str:
    """Who speaks in a file of a folder: what its name has before the first underscore.

    Raises UsageError for a name that has none, and for a folder that is divided already.
    """
    path = PurePosixPath(name)
    if path.parts[0].lower() == "train":
        raise UsageError(
            f"data.split speaker divides recordings itself, and {in_short(name)} lies in a split "
            "already: leave data.split out, or let the folder hold class folders alone."
        )
    speaker, underscore, _ = path.stem.partition("_")
    if not (speaker and underscore):
        raise UsageError(
            f"data.split speaker takes what stands before the first underscore of a file's name, "
            f"as in anna_1.wav, and {in_short(name)} has nothing there."
        )
    return speaker


def divided_by_speaker(
    splits: Mapping[str, Examples],
    class_names: Sequence[str],
    speaker_of: SpeakerOf,
    fold: int = 0,
    tested: str | None = None,
) -> dict[str, Examples]:
    """The recordings of all splits divided anew: no speaker is in two of them.

    A tenth of the speakers, rounded but at least one, is tested on: in the order of their names,
    the `fold`-th tenth, or the speaker `tested` alone. As many after them, the first following on
    the last, are for validation. Raises UsageError where there is no such fold or speaker, where
    there are fewer than three, and where none to learn from says some word.
    """
    everything = _joined([*splits.values()])
    by_row = np.array(_speakers(everything, speaker_of))
    speakers = sorted(set(by_row.tolist()))
    chosen = _chosen(speakers, fold, tested)
    train = [name for name in speakers if name not in (*chosen["validation"], *chosen["test"])]
    divided = {
        split: everything[np.flatnonzero(np.isin(by_row, names))]
        for split, names in {"train": train, **chosen}.items()
    }
    for label in sorted(set(range(len(class_names))) - set(divided["train"].columns["label"])):
        held_out = in_short(", ".join([*chosen["validation"], *chosen["test"]]))
        raise UsageError(
            f"{class_names[label]} cannot be learned: nobody but {held_out}, who are held out, "
            "says it."
        )
    return divided


def speakers_in(
    splits: Mapping[str, Examples], speaker_of: SpeakerOf
) -> dict[str, tuple[str, ...]]:
    """The names of those who speak in each split, sorted."""
    return {
        split: tuple(sorted(set(_speakers(examples, speaker_of))))
        for split, examples in splits.items()
    }


def _chosen(speakers: Sequence[str], fold: int, tested: str | None) -> dict[str, list[str]]:
    """Who is tested on and who is validated on."""
    share = max(1, round(len(speakers) / 10))
    if len(speakers) < FEWEST:
        raise UsageError(
            f"data.split speaker needs {FEWEST} speakers or more, one for each split; the "
            f"recordings have {', '.join(speakers)}."
        )
    if tested is not None and tested not in speakers:
        raise UsageError(
            f"data.held_out_speaker: nobody is called {in_short(tested)}"
            f"{did_you_mean(tested, speakers)}"
        )
    num_folds = -(-len(speakers) // share)
    if fold >= num_folds:
        raise UsageError(
            f"data.fold {fold}: {len(speakers)} speakers, {share} at a time, are tested on in "
            f"folds 0 to {num_folds - 1}."
        )
    first = fold * share if tested is None else speakers.index(tested)
    in_turn = [*speakers[first:], *speakers[:first]]
    num_tested = min(share, len(speakers) - first) if tested is None else 1
    return {
        "validation": in_turn[num_tested : num_tested + share],
        "test": in_turn[:num_tested],
    }


def _speakers(examples: Examples, speaker_of: SpeakerOf) -> list[str]:
    assert examples.names is not None, "recordings have names"
    return [speaker_of(os.fsdecode(name)) for name in examples.names]


def _joined(parts: Sequence[Examples]) -> Examples:
    columns = {
        name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns
    }
    names = [part.names for part in parts if part.names is not None]
    return Examples(columns, names=np.concatenate(names))

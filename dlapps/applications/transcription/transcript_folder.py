"""The user's own recordings with what is said in them in a TSV file."""

import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dlapps.applications.transcription.utterances import Utterances
from dlapps.data.audio.quality import warn_of_poor_recordings
from dlapps.data.audio.recordings import read_recording, resampled, to_integers
from dlapps.data.sources.file_tables import FileTable
from dlapps.data.sources.folders import (
    RECORDINGS,
    SPLITS,
    WHERE,
    map_in_threads,
    name_a_few,
    warn_of_unreadable,
)
from dlapps.data.splits import carve_tenths
from dlapps.errors import UsageError

logger = logging.getLogger(__name__)

TRANSCRIPTS = "transcripts.tsv"
FORM = f"a folder of recordings with a {TRANSCRIPTS} of lines such as a/1.wav TAB one two"

Transcripts = dict[Path, str]
Recording = tuple[np.ndarray, int]


def load_transcript_folder(
    path: Path, sample_rate: int | None, letters: str | None
) -> tuple[int, dict[str, Utterances]]:
    """Returns the sample rate, and train, validation and test of a folder.

    The splits are its own split folders, or a fixed 80 / 10 / 10. Without `sample_rate` it is what
    most files have; without `letters` they are those of train. Recordings without a transcript and
    those that cannot be decoded are left out, counted and named in a warning. Raises UsageError,
    which names file and line, for transcripts that cannot be used.
    """
    splits = _find(path, letters)
    read = {
        split: dict(zip(texts, map_in_threads(_read, texts, f"Reading {split} recordings")))
        for split, texts in splits.items()
    }
    found = {file: each for of_split in read.values() for file, each in of_split.items()}
    unreadable = [file for file, recording in found.items() if recording is None]
    warn_of_unreadable(unreadable, len(found), RECORDINGS)
    warn_of_poor_recordings({file: each[0] for file, each in found.items() if each})
    rates = Counter(each[1] for each in found.values() if each)
    rate = sample_rate or max(rates, key=lambda each: (rates[each], each), default=1)
    return rate, {
        split: _utterances(path, split, splits[split], read[split], rate) for split in splits
    }


def _find(path: Path, letters: str | None) -> dict[str, Transcripts]:
    """The transcripts of each split, all of which are made of the letters."""
    if not path.is_dir():
        raise UsageError(f"{path} does not exist or is no folder. {WHERE} Expected is {FORM}.")
    folders = [split for split in SPLITS if (path / split).is_dir()]
    missing = [split for split in SPLITS if split not in folders]
    if folders and missing:
        raise UsageError(f"{path} has a folder {folders[0]}, but none called {missing[0]}.")
    if folders:
        splits = {}
        for split in SPLITS:
            splits[split] = read_transcripts(path / split, letters)
            letters = letters or "".join({*"".join(splits[split].values())})
        return splits
    everything = read_transcripts(path, letters)
    if len(everything) < len(SPLITS):
        raise UsageError(
            f"{path} has {len(everything)} recordings with transcripts; {len(SPLITS)} are the "
            "fewest that can be divided into train, validation and test."
        )
    parts = carve_tenths(sorted(everything), SPLITS[1:])
    splits = {split: {file: everything[file] for file in parts[split]} for split in SPLITS}
    _refuse_letters_not_learned(path, splits)
    return splits


def read_transcripts(folder: Path, letters: str | None) -> Transcripts:
    """What is said in each recording of a folder, by the lines of its transcripts.tsv."""
    table = FileTable(folder / TRANSCRIPTS, RECORDINGS.suffixes, FORM)
    recordings, rows = table.files, table.rows
    table.refuse(
        "there must be a recording's file, one tab and what is said", lambda row: len(row) != 2
    )
    table.refuse("nothing is said", lambda row: not row[1])
    table.refuse(
        f"there is no such recording ({', '.join(RECORDINGS.suffixes)}) in {folder}",
        lambda row: row[0] not in recordings,
    )
    times = Counter(name for name, _ in rows)
    table.refuse(
        "a recording has one transcript, and this has several", lambda row: times[row[0]] > 1
    )
    if letters is not None:
        foreign = sorted({*"".join(text for _, text in rows)} - {*letters})
        table.refuse(
            f"{_named(foreign)} are not among the letters {letters!r} (data.letters, or those of "
            "the training transcripts)",
            lambda row: not {*row[1]} <= {*letters},
        )
    transcripts = {recordings[name]: text for name, text in rows}
    silent = table.unmentioned()
    if silent:
        logger.warning(
            "%d of %d recordings have no transcript and are left out: %s",
            len(silent), len(recordings), name_a_few(silent),
        )  # fmt: skip
    return transcripts


def _refuse_letters_not_learned(path: Path, splits: Mapping[str, Transcripts]) -> None:
    """Where a fixed permutation made the splits, a rare letter may not be in train."""
    known = {*"".join(splits["train"].values())}
    for split in SPLITS[1:]:
        for file, text in splits[split].items():
            if not {*text} <= known:
                raise UsageError(
                    f"{path / TRANSCRIPTS}, {file.relative_to(path)}: "
                    f"{_named(sorted({*text} - known))} are in no transcript that falls to "
                    "training; name all letters with data.letters, or say it more often."
                )


def _named(letters: list[str]) -> str:
    return ", ".join(map(repr, letters))


def _read(file: Path) -> Recording | None:
    try:
        return read_recording(file)
    except UsageError:
        return None


def _utterances(
    root: Path,
    split: str,
    transcripts: Transcripts,
    read: Mapping[Path, Recording | None],
    rate: int,
) -> Utterances:
    found = {file: recording for file, recording in read.items() if recording}
    if not found:
        raise UsageError(f"None of the {split} recordings in {root} can be decoded.")
    return Utterances(
        [to_integers(resampled(*each, rate).mean(axis=1)) for each in found.values()],
        [transcripts[file] for file in found],
        [file.relative_to(root).as_posix() for file in found],
    )

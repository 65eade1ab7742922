"""The user's own folder of recordings, one folder a class, loaded into arrays."""

import logging
from collections import Counter
from pathlib import Path

import numpy as np

from dlapps.data.audio.quality import warn_of_poor_recordings
from dlapps.data.audio.recordings import clip_maker, read_recording, to_integers
from dlapps.data.sources.folders import (
    RECORDINGS,
    check_nothing_empty,
    map_in_threads,
    name_a_few,
    names_below,
    scan_class_folders,
    warn_of_unreadable,
)
from dlapps.data.splits import Examples
from dlapps.errors import UsageError

logger = logging.getLogger(__name__)

Recording = tuple[np.ndarray, int]


def load_wav_folder(
    path: str | Path, seconds: float, sample_rate: int | None = None
) -> tuple[int, tuple[str, ...], dict[str, Examples]]:
    """Returns the sample rate, the class names and train, validation and test of the folder.

    Without `sample_rate`, the one that most files have. Recordings at another are resampled and
    counted in the log, and so are clipped and silent ones; those that cannot be decoded are left
    out and named. Raises UsageError when that leaves a class of train or a whole split empty.
    """
    folder = scan_class_folders(path, RECORDINGS)
    files = {split: [file for file, _ in found] for split, found in folder.splits.items()}
    read = {
        split: map_in_threads(_read, chosen, f"Reading {split} recordings")
        for split, chosen in files.items()
    }
    everything = [pair for split in files for pair in zip(files[split], read[split], strict=True)]
    unreadable = [file for file, recording in everything if recording is None]
    warn_of_unreadable(unreadable, len(everything), RECORDINGS)
    labels = {
        split: np.array(
            [label for (_, label), found in zip(examples, read[split]) if found is not None],
            np.int32,
        )
        for split, examples in folder.splits.items()
    }
    check_nothing_empty(path, labels, folder.class_names, RECORDINGS)
    warn_of_poor_recordings({file: found[0] for file, found in everything if found})
    rate = sample_rate or _most_common_rate(read)
    _tell_of_other_rates(everything, rate)
    make = clip_maker(rate, max(round(seconds * rate), 1))
    splits = {
        split: Examples(
            {
                "waveform": np.stack([to_integers(make(*found)) for found in clips if found]),
                "label": labels[split],
            },
            names=names_below(path, files[split], unreadable),
        )
        for split, clips in read.items()
    }
    return rate, folder.class_names, splits


def _read(file: Path) -> Recording | None:
    try:
        return read_recording(file)
    except UsageError:
        return None


def _most_common_rate(read: dict[str, list[Recording | None]]) -> int:
    rates = Counter(found[1] for recordings in read.values() for found in recordings if found)
    return max(rates, key=lambda rate: (rates[rate], rate))


def _tell_of_other_rates(everything: list[tuple[Path, Recording | None]], rate: int) -> None:
    others = [file for file, found in everything if found and found[1] != rate]
    if others:
        logger.warning(
            "%d of %d recordings have another sample rate and are resampled to %d Hz: %s",
            len(others),
            len(everything),
            rate,
            name_a_few(others),
        )

"""Keywords in a long recording, and when each was spoken (Chen, Parada, Heigold 2014, "Small-
footprint keyword spotting using deep neural networks")."""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from dlapps.applications.speech.data import RecordingSpec
from dlapps.config.section import Section

WINDOWS_AT_ONCE = 64
NO_KEYWORD = ("_silence_", "_unknown_")
"""Classes, as Speech Commands call them, that stand for no word to be found."""


class DetectionSettings(Section):
    """How keywords are found in a long recording; a run that is there may be asked with others."""

    every: Annotated[float, Field(ge=0.005, le=10)] = 0.05
    """Seconds from one window to the next; a window is as long as the clips of training."""
    smoothing: Annotated[float, Field(ge=0, le=10)] = 0.25
    """Seconds over which the probabilities of windows are averaged."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    """The averaged probability from which on a keyword is found."""
    quietest: Annotated[float, Field(ge=0)] = 30.0
    """Decibels below the loudest window of the recording; in a softer one nobody speaks."""


class Window(NamedTuple):
    """What is heard in a stretch of the recording."""

    start: float
    """Seconds from the recording's beginning on."""
    probabilities: np.ndarray
    """Of the classes, [C]; all zero where it is quiet."""


@dataclasses.dataclass(frozen=True)
class Detection:
    """A keyword that is likely enough in windows in a row."""

    label: int
    first: float
    """Seconds at which the first window begins, and `last` the last."""
    last: float
    probability: float
    """The greatest of the averaged ones, and `weight` the sum of all."""
    weight: float

    def times(self, window: float) -> tuple[float, float]:
        """The seconds that all windows have in common: if they hold all of the word, it is there.

        Windows that lie further apart than one lasts hold parts of it, to both sides of it.
        """
        start, end = sorted((self.last, self.first + window))
        return start, end

    def joined(self, later: "Detection") -> "Detection":
        """One detection where both are of one keyword, else the weightier."""
        if self.label != later.label:
            return max(self, later, key=lambda each: each.weight)
        return Detection(
            self.label,
            self.first,
            later.last,
            max(self.probability, later.probability),
            self.weight + later.weight,
        )


def detections(
    waveform: np.ndarray,
    spec: RecordingSpec,
    probabilities: Callable[[np.ndarray], np.ndarray],
    settings: DetectionSettings,
) -> Iterator[dict[str, Any]]:
    """What is found in a waveform [T], as soon as it is: `start`, `end`, `label`, `probability`.

    A window is slid over it, clips [N, num_samples] are asked for their `probabilities` [N, C], and
    those of neighbours are averaged. While one keyword is the likeliest, and as likely as the
    threshold, it is one detection. Two that overlap are one too: a window that cuts a word takes
    it for another.
    """
    windows = averaged(heard(waveform, spec, probabilities, settings), settings)
    keywords = [name not in NO_KEYWORD for name in spec.class_names]
    ended = likely(windows, np.array(keywords), settings.threshold)
    for found in apart(ended, spec.seconds):
        start, end = found.times(spec.seconds)
        # The word begins between two windows, and ends between two.
        start, end = start - settings.every / 2, end + settings.every / 2
        yield {
            "start": round(max(start, 0.0), 3),
            "end": round(min(end, len(waveform) / spec.sample_rate), 3),
            "label": spec.class_names[found.label],
            "probability": found.probability,
        }


def heard(
    waveform: np.ndarray,
    spec: RecordingSpec,
    probabilities: Callable[[np.ndarray], np.ndarray],
    settings: DetectionSettings,
) -> Iterator[Window]:
    """The windows that hold anything of a waveform, with silence before and behind it."""
    step = max(round(settings.every * spec.sample_rate), 1)
    reach = max(spec.num_samples - step, spec.num_samples // 2)
    padded = np.pad(waveform, reach)
    clips = np.lib.stride_tricks.sliding_window_view(padded, spec.num_samples)[::step]
    energy = np.pad(np.cumsum(np.square(padded, dtype=np.float64)), (1, 0))
    power = (energy[spec.num_samples :] - energy[: -spec.num_samples])[::step]
    is_loud = power > power.max() * 10 ** (-settings.quietest / 10)
    for first in range(0, len(clips), WINDOWS_AT_ONCE):
        chosen = slice(first, first + WINDOWS_AT_ONCE)
        found = probabilities(clips[chosen]) * is_loud[chosen, None]
        for number, row in enumerate(found, first):
            yield Window((number * step - reach) / spec.sample_rate, row)


def averaged(windows: Iterable[Window], settings: DetectionSettings) -> Iterator[Window]:
    """Each window with the mean of its own probabilities and those of its neighbours."""
    size = max(round(settings.smoothing / settings.every), 1)
    last = deque[Window](maxlen=size)
    for window in windows:
        last.append(window)
        middle = last[len(last) // 2]
        yield Window(middle.start, np.sum([each.probabilities for each in last], axis=0) / size)


def likely(
    windows: Iterable[Window], is_keyword: np.ndarray, threshold: float
) -> Iterator[tuple[float, Detection | None]]:
    """For each window, the seconds before which nothing more begins, and what ends with it."""
    growing: Detection | None = None
    for window in windows:
        label = int(np.argmax(window.probabilities))
        share = float(window.probabilities[label])
        now = None
        if is_keyword[label] and share >= threshold:
            now = Detection(label, window.start, window.start, share, share)
        if growing and now and growing.label == now.label:
            growing = growing.joined(now)
            continue
        yield window.start, growing
        growing = now
    yield np.inf, growing


def apart(found: Iterable[tuple[float, Detection | None]], length: float) -> Iterator[Detection]:
    """Detections in windows `length` seconds long, of which no two overlap."""
    pending: Detection | None = None
    for begins, later in found:
        if pending and later and later.times(length)[0] <= pending.times(length)[1]:
            pending = pending.joined(later)
        elif later:
            if pending:
                yield pending
            pending = later
        if pending and begins > pending.times(length)[1]:
            yield pending
            pending = None

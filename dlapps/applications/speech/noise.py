"""Recordings in noise that is the same each time, so that networks can be compared by it."""

import numpy as np

from dlapps.data.splits import Examples

DECIBELS = 10
"""By how much a recording is stronger than its noise."""


def in_noise(examples: Examples) -> Examples:
    """The recordings, each in white noise of a tenth of its power.

    The silence that a short one is laid into counts for nothing: noise is as strong as the voice
    makes it, however long the clip.
    """
    random = np.random.RandomState(10)  # Not that of augmentation: its noise was heard in training.
    noisy = np.empty_like(examples.columns["waveform"])
    limits = np.iinfo(noisy.dtype)
    for row, clip in enumerate(examples.columns["waveform"]):
        sounding = clip[clip != 0].astype(np.float64)
        power = np.mean(np.square(sounding)) if len(sounding) else 0.0
        noise = random.standard_normal(len(clip)) * np.sqrt(power / 10 ** (DECIBELS / 10))
        noisy[row] = np.clip(np.round(clip + noise), limits.min, limits.max)
    return Examples({**examples.columns, "waveform": noisy}, names=examples.names)

"""What may be wrong with a recording that can be read: it is clipped, or silent."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dlapps.data.sources.folders import name_a_few

logger = logging.getLogger(__name__)

FULL_SCALE = 1 - 2**-15
"""The largest sample that 16 bits hold."""
CLIPPED_SHARE = 0.01
"""Of the samples at full scale; a tone that only just reaches it has half of that, its crests."""
SILENT_PEAK = 1e-4
"""80 dB below full scale, 3 steps of 16 bits."""


def clipped_share(samples: np.ndarray) -> float:
    """Returns the share of the samples in [-1, 1] that lie at full scale."""
    return float(np.mean(np.abs(samples) >= FULL_SCALE))


def is_silent(samples: np.ndarray) -> bool:
    """Whether nothing can be heard in samples in [-1, 1]."""
    return bool(np.max(np.abs(samples)) < SILENT_PEAK)


def warn_of_poor_recording(name: str, samples: np.ndarray) -> None:
    """Says of one recording that it is clipped, or silent."""
    if (share := clipped_share(samples)) >= CLIPPED_SHARE:
        logger.warning(
            "%s is clipped: %.1f %% of its samples are at full scale.", name, 100 * share
        )
    elif is_silent(samples):
        logger.warning("%s is silent.", name)


def warn_of_poor_recordings(recordings: Mapping[Path, np.ndarray]) -> None:
    """Says how many recordings are clipped and how many silent, and which."""
    shares = {file: clipped_share(samples) for file, samples in recordings.items()}
    clipped = [file for file, share in shares.items() if share >= CLIPPED_SHARE]
    if clipped:
        logger.warning(
            "%d of %d recordings are clipped, up to %.1f %% of their samples at full scale: %s",
            len(clipped),
            len(recordings),
            100 * max(shares.values()),
            name_a_few(clipped),
        )
    if silent := [file for file, samples in recordings.items() if is_silent(samples)]:
        logger.warning(
            "%d of %d recordings are silent: %s", len(silent), len(recordings), name_a_few(silent)
        )

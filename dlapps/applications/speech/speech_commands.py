"""Google's Speech Commands (Warden 2018): ten words, silence, and words that are none of these."""

import numpy as np

from dlapps.data.audio.recordings import clip_maker, to_floats, to_integers
from dlapps.data.sources.published import load_published
from dlapps.data.splits import Examples, numbered
from dlapps.progress import progress

SAMPLE_RATE = 16000
WORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
SILENCE, UNKNOWN = "_silence_", "_unknown_"
CLASS_NAMES = (*WORDS, SILENCE, UNKNOWN)
"""As TFDS numbers them; `_unknown_` is any of 25 further words, `_silence_` noise of a room."""


def load_speech_commands(seconds: float) -> tuple[int, tuple[str, ...], dict[str, Examples]]:
    """Returns the sample rate, the class names and the three published splits.

    No speaker is in two of them. In train and validation `_unknown_` is by far the largest class.
    """
    splits = {
        split: Examples(
            {"waveform": _clips(columns["audio"], seconds, split), "label": columns["label"]},
            names=numbered(split, len(columns["label"])),
        )
        for split, columns in load_published("speech_commands").items()
    }
    return SAMPLE_RATE, CLASS_NAMES, splits


def _clips(audio: np.ndarray, seconds: float, split: str) -> np.ndarray:
    """int16 [N, num_samples]."""
    make = clip_maker(SAMPLE_RATE, round(seconds * SAMPLE_RATE))
    # Filled row by row: train has 85,511, of which no second copy would fit into memory.
    clips = np.empty((len(audio), round(seconds * SAMPLE_RATE)), np.int16)
    for row, samples in enumerate(progress(audio, f"Cutting {split} recordings")):
        clips[row] = to_integers(make(to_floats(samples)[:, None].numpy(), SAMPLE_RATE))
    return clips

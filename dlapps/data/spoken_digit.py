"""The Free Spoken Digit Dataset (Jackson et al. 2016 ff.) in its official split, or by speaker."""

import numpy as np

from dlapps.data.audio import clip_maker, to_floats, to_integers
from dlapps.data.published import load_published
from dlapps.data.splits import Examples

SAMPLE_RATE = 8000
DIGITS = tuple("0123456789")
SPEAKERS = ("george", "jackson", "nicolas", "theo", "yweweler")
NUM_OFFICIAL_TEST = 5
"""Its publisher reserves recordings 0 to 4 of each digit and speaker for testing."""
NUM_VALIDATION = 5


def load_spoken_digit(
    seconds: float, held_out_speaker: str | None = None
) -> tuple[int, tuple[str, ...], dict[str, Examples]]:
    """Returns the sample rate, the class names and the three splits.

    The test split is the official one or, where a speaker is held out, all of that speaker's
    recordings. Validation takes 5 recordings of each digit and speaker of the rest.
    """
    columns = load_published("spoken_digit")["train"]
    make = clip_maker(SAMPLE_RATE, round(seconds * SAMPLE_RATE))
    clips = [
        to_integers(make(to_floats(audio)[:, None], SAMPLE_RATE)) for audio in columns["audio"]
    ]
    everything = Examples({"waveform": np.stack(clips), "label": columns["label"]})
    names = [name.decode() for name in columns["audio/filename"]]
    rows = split_rows(names, held_out_speaker)
    splits = {split: everything[chosen] for split, chosen in rows.items()}
    return SAMPLE_RATE, DIGITS, splits


def split_rows(names: list[str], held_out_speaker: str | None = None) -> dict[str, np.ndarray]:
    """Returns the rows of each split, from file names such as 7_jackson_32.wav."""
    groups: dict[tuple[str, str], list[int]] = {}
    test = []
    for row, name in sorted(enumerate(names), key=lambda item: item[1]):
        digit, speaker, index = name.removesuffix(".wav").split("_")
        if held_out_speaker is None:
            is_test = int(index) < NUM_OFFICIAL_TEST
        else:
            is_test = speaker == held_out_speaker
        (test if is_test else groups.setdefault((digit, speaker), [])).append(row)
    train, validation = [], []
    # RandomState's streams are frozen; Generator's may change with NumPy, and the split with them.
    random = np.random.RandomState(0)
    for rows in groups.values():
        shuffled = random.permutation(rows)
        validation.extend(shuffled[:NUM_VALIDATION])
        train.extend(shuffled[NUM_VALIDATION:])
    splits = {"train": train, "validation": validation, "test": test}
    return {split: np.sort(np.array(chosen, np.int64)) for split, chosen in splits.items()}

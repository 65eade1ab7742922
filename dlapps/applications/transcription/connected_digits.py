"""Digits said one after another, joined from the Free Spoken Digit Dataset by a seeded rule."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np

from dlapps.applications.transcription.utterances import Utterances
from dlapps.data.sources.published import load_published

SAMPLE_RATE = 8000
Speaker = Literal["george", "jackson", "nicolas", "theo", "yweweler"]
SPEAKERS: tuple[Speaker, ...] = get_args(Speaker)
OFFICIAL_TEST, VALIDATION = range(5), range(5, 10)
"""Of each digit and speaker, the numbers of the clips that are for testing, as their publisher
says, and of those that choose the weights; the others are for training."""
HELD_OUT = 300
"""Strings of validation and of test."""
MOST_DIGITS = 7
PAUSES = (0.0, 0.2)
"""Seconds between digits."""
NOISE_RATIOS = (20.0, 40.0)
"""Decibels by which the noise below a whole string is weaker than the digits."""
CLIP = re.compile(r"(?P<digit>\d)_(?P<speaker>\w+)_(?P<number>\d+)\.wav")

Clips = Mapping[str, Sequence[Sequence[np.ndarray]]]
"""Of each speaker, the clips of each of the ten digits."""


def load_connected_digits(num_train: int, held_out_speaker: str | None) -> dict[str, Utterances]:
    """Strings of 1 to MOST_DIGITS digits, all digits of a string said by one speaker.

    Each split has clips of its own: test the official ones or, where a speaker is held out, all of
    that speaker's, of whom the other splits have none.
    """
    parts: dict[str, dict[str, list[list[np.ndarray]]]] = {
        split: defaultdict(lambda: [[] for _ in range(10)])
        for split in ("train", "validation", "test")
    }
    columns = load_published("spoken_digit")["train"]
    for audio, name in zip(columns["audio"], columns["audio/filename"], strict=True):
        clip = CLIP.fullmatch(name.decode())
        assert clip is not None, "the names are as published"
        split = _split_of(clip["speaker"], int(clip["number"]), held_out_speaker)
        if split:
            parts[split][clip["speaker"]][int(clip["digit"])].append(audio.astype(np.float32))
    sizes = {"train": num_train, "validation": HELD_OUT, "test": HELD_OUT}
    return {
        split: join_clips(clips, sizes[split], seed, split)
        for seed, (split, clips) in enumerate(parts.items())
    }


def _split_of(speaker: str, number: int, held_out_speaker: str | None) -> str | None:
    if held_out_speaker is not None and (speaker == held_out_speaker or number in OFFICIAL_TEST):
        return "test" if speaker == held_out_speaker else None
    if number in OFFICIAL_TEST:
        return "test"
    return "validation" if number in VALIDATION else "train"


def join_clips(clips: Clips, num_strings: int, seed: int, split: str) -> Utterances:
    """So many strings: a speaker, a number of digits, the digits, a clip of each, all drawn alike.

    Clips are made equally loud, and lie in noise that is 20 to 40 dB weaker.
    """
    # RandomState's streams are frozen; Generator's may change with NumPy, and the data with them.
    random = np.random.RandomState(seed)
    speakers = sorted(clips)
    waveforms, transcripts, names, said_by = [], [], [], []
    for number in range(num_strings):
        speaker = speakers[random.randint(len(speakers))]
        digits = random.randint(10, size=random.randint(1, MOST_DIGITS + 1))
        chosen = [clips[speaker][digit] for digit in digits]
        waveforms.append(_joined([of[random.randint(len(of))] for of in chosen], random))
        transcripts.append("".join(str(digit) for digit in digits))
        names.append(f"{split}/{number}")
        said_by.append(speaker)
    return Utterances(waveforms, transcripts, names, said_by)


def _joined(clips: Sequence[np.ndarray], random: np.random.RandomState) -> np.ndarray:
    parts = [_pause(random)]
    for clip in clips:
        parts += [clip / max(float(np.sqrt(np.mean(clip**2))), 1.0), _pause(random)]
    digits = np.concatenate(parts)
    noise = 10 ** (-random.uniform(*NOISE_RATIOS) / 20) * random.standard_normal(len(digits))
    sound = digits + noise
    return np.round(0.5 * 32767 * sound / np.abs(sound).max()).astype(np.int16)


def _pause(random: np.random.RandomState) -> np.ndarray:
    return np.zeros(round(random.uniform(*PAUSES) * SAMPLE_RATE))

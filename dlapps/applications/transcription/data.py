"""What a network that transcribes learns from, and what it must know of it."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from dlapps.applications.transcription.connected_digits import (
    SAMPLE_RATE,
    SPEAKERS,
    Speaker,
    load_connected_digits,
)
from dlapps.applications.transcription.transcript_folder import load_transcript_folder
from dlapps.applications.transcription.utterances import Utterances, examples_of
from dlapps.config.section import (
    BatchSize,
    DataSettings,
    Fraction,
    Positive,
    Section,
    UserPath,
    check_path,
)
from dlapps.data.audio.augmentation import SoundAugmentation
from dlapps.data.audio.recordings import SampleRate
from dlapps.data.sources.published import load_published
from dlapps.data.splits import Data, Examples
from dlapps.datasets import tones

AN4_RATE = 16_000
AN4_VALIDATION_SPEAKERS = 8
"""Of 74."""
MOST_TRANSCRIPTS = 20_000
"""Transcripts that an n-gram learns from."""


class TranscribedData(DataSettings):
    """Which recordings and transcripts to learn from.

    tones needs nothing; an4 and connected_digits (from spoken_digit) are found in
    DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, the latter is downloaded else; transcript_folder reads
    `path`.
    """

    name: Literal["tones", "an4", "connected_digits", "transcript_folder"]
    path: UserPath | None = None
    """transcript_folder: the folder of recordings and their transcripts.tsv, with or without train,
    validation and test."""
    sample_rate: Literal["auto"] | SampleRate = "auto"
    """transcript_folder: samples a second to resample to; auto: what most of its files have."""
    letters: Annotated[str, Field(min_length=1)] | None = None
    """transcript_folder: the alphabet; left out, it is what the training transcripts have."""
    held_out_speaker: Speaker | None = None
    """connected_digits: test on this speaker's digits and learn from none of them."""
    split: Literal["official", "speaker"] = "official"
    """connected_digits: speaker holds one out as `held_out_speaker` does, told by `fold`."""
    fold: Annotated[int, Field(ge=0, lt=len(SPEAKERS))] = 0
    """split speaker: which speaker is tested on, in the order of their names."""
    num_examples: Positive = 2000
    """tones, connected_digits: how many strings to make for training."""
    speed: Fraction = 0.0
    """Largest fraction that training recordings are made faster or slower by, at random."""
    augmentation: SoundAugmentation = SoundAugmentation()
    """How else the sound of training recordings is varied, at random."""
    batch_size: BatchSize = 32

    @model_validator(mode="after")
    def _check_owners(self):
        check_path(self.path, self.name, ["transcript_folder"])
        owners = {
            "sample_rate": (self.sample_rate != "auto", "transcript_folder"),
            "letters": (self.letters is not None, "transcript_folder"),
            "held_out_speaker": (self.held_out_speaker is not None, "connected_digits"),
            "split": (self.split != "official", "connected_digits"),
        }
        for setting, (is_given, owner) in owners.items():
            if is_given and self.name != owner:
                raise ValueError(f"data.{setting} goes with data.name {owner} only")
        if self.fold and self.split == "official":
            raise ValueError("data.fold goes with data.split speaker: it says who is tested on")
        if self.held_out_speaker is not None and self.split == "speaker":
            raise ValueError(
                "data.split speaker tests on each in turn; leave data.held_out_speaker out"
            )
        return self

    @property
    def tested_speaker(self) -> Speaker | None:
        """Who is tested on and not learned from, if anybody is held out."""
        return SPEAKERS[self.fold] if self.split == "speaker" else self.held_out_speaker

    @property
    def num_draws(self) -> int:
        """Uniform random numbers that varying one recording needs: the first is its speed's."""
        of_sound = self.augmentation.num_draws
        return 1 + of_sound if of_sound or self.speed else 0


class TranscribedSpec(Section):
    """What a network that transcribes must know of its data."""

    sample_rate: int
    """Samples a second."""
    letters: str
    """All that a transcript can be made of."""
    transcripts: tuple[str, ...]
    """What is said in training, for an n-gram: the first so many, each as often as it is said."""
    longest: float
    """Seconds that the longest training recording lasts."""

    def __repr__(self) -> str:
        return f"{len(self.letters)} letters at {self.sample_rate:,} Hz"

    @property
    def has_words(self) -> bool:
        """Whether transcripts are words, with spaces between, or single labels in a row."""
        return " " in self.letters

    def numbers(self) -> list[list[int]]:
        """The transcripts as places in `letters`."""
        place = {letter: number for number, letter in enumerate(self.letters)}
        return [[place[letter] for letter in text] for text in self.transcripts]


Transcribed = Data[Examples, TranscribedSpec]


def load_transcribed(settings: TranscribedData) -> Transcribed:
    """The data set that `settings` names; see `examples_of` for its columns.

    an4: its own test speakers, and 8 of its 74 training speakers, by a fixed permutation, for
    validation. connected_digits: as `load_connected_digits` says. tones: made apart for each split.
    transcript_folder: its own split folders, or a fixed 80 / 10 / 10.
    """
    rate, letters, splits = _load(settings)
    train = splits["train"]
    longest = max(map(len, train.waveforms)) / rate
    spec = TranscribedSpec(
        sample_rate=rate,
        letters=letters or "".join(sorted({*"".join(train.transcripts)})),
        transcripts=tuple(train.transcripts[:MOST_TRANSCRIPTS]),
        longest=round(longest, 3),
    )
    examples = {name: examples_of(each, spec.letters, rate) for name, each in splits.items()}
    return Data(examples, spec)


def _load(settings: TranscribedData) -> tuple[int, str | None, dict[str, Utterances]]:
    """The sample rate, the alphabet where there is a given one, and the three splits."""
    if settings.name == "tones":
        return tones.SAMPLE_RATE, "".join(tones.KEYS), _tones(settings.num_examples)
    if settings.name == "an4":
        return AN4_RATE, None, _an4()
    if settings.name == "connected_digits":
        splits = load_connected_digits(settings.num_examples, settings.tested_speaker)
        return SAMPLE_RATE, "0123456789", splits
    assert settings.path is not None, "the settings were checked"
    wanted = None if settings.sample_rate == "auto" else settings.sample_rate
    rate, splits = load_transcript_folder(settings.path, wanted, settings.letters)
    return rate, settings.letters, splits


def _tones(num_examples: int) -> dict[str, Utterances]:
    held_out = max(num_examples // 10, 1)
    splits = {}
    for seed, split in enumerate(("train", "validation", "test")):
        count = num_examples if split == "train" else held_out
        waveforms, transcripts = tones.make_tone_strings(count, seed)
        names = [f"{split}/{number}" for number in range(count)]
        splits[split] = Utterances(waveforms, transcripts, names)
    return splits


def _an4() -> dict[str, Utterances]:
    published = {
        split: Utterances(
            [*columns["audio"]],
            _decoded(columns["transcript"]),
            _decoded(columns["name"]),
            _decoded(columns["speaker"]),
        )
        for split, columns in load_published("an4").items()
    }
    everyone = published["train"]
    speakers = sorted(set(everyone.speakers))
    # RandomState's streams are frozen; Generator's may change with NumPy, and the split with them.
    order = np.random.RandomState(0).permutation(len(speakers))
    chosen = {speakers[place] for place in order[:AN4_VALIDATION_SPEAKERS]}
    is_chosen = np.array([speaker in chosen for speaker in everyone.speakers])
    return {
        "train": everyone.chosen(np.flatnonzero(~is_chosen)),
        "validation": everyone.chosen(np.flatnonzero(is_chosen)),
        "test": published["test"],
    }


def _decoded(texts: np.ndarray) -> list[str]:
    return [text.decode() for text in texts]

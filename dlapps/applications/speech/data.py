"""Recordings of one spoken word each, and the published data set of them."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from dlapps.applications.speech.speakers import (
    SpeakerOf,
    divided_by_speaker,
    speaker_of_digit,
    speaker_of_file,
    speakers_in,
)
from dlapps.applications.speech.speech_commands import load_speech_commands
from dlapps.applications.speech.wav_folder import load_wav_folder
from dlapps.config.section import BatchSize, Positive, Section, UserPath, check_path
from dlapps.data.audio.augmentation import WaveformAugmentation
from dlapps.data.audio.quality import warn_of_poor_recording
from dlapps.data.audio.recordings import (
    SampleRate,
    clip_maker,
    read_recording,
    resampled,
    to_floats,
    to_integers,
)
from dlapps.data.selection import SelectedData, without_fold, without_listed
from dlapps.data.sources.published import load_published
from dlapps.data.splits import Data, Examples, carve, numbered
from dlapps.datasets import tones
from dlapps.errors import in_short

logger = logging.getLogger(__name__)

SAMPLE_RATE = 8000
DIGITS = tuple("0123456789")
SPEAKERS = ("george", "jackson", "nicolas", "theo", "yweweler")
SPEAKER_OF: dict[str, SpeakerOf] = {
    "spoken_digit": speaker_of_digit,
    "wav_folder": speaker_of_file,
}
"""How the names of recordings say who speaks, by data.name."""
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
        to_integers(make(to_floats(audio)[:, None].numpy(), SAMPLE_RATE))
        for audio in columns["audio"]
    ]
    names = columns["audio/filename"].astype("S")
    everything = Examples({"waveform": np.stack(clips), "label": columns["label"]}, names=names)
    rows = split_rows([name.decode() for name in names], held_out_speaker)
    splits = {split: everything[chosen] for split, chosen in rows.items()}
    return SAMPLE_RATE, DIGITS, splits


def split_rows(names: list[str], held_out_speaker: str | None = None) -> dict[str, np.ndarray]:
    """Returns the rows of each split, from file names such as 7_jackson_32.wav."""
    groups: dict[tuple[str, str], list[int]] = {}
    test: list[int] = []
    for row, name in sorted(enumerate(names), key=lambda item: item[1]):
        digit, speaker, index = name.removesuffix(".wav").split("_")
        if held_out_speaker is None:
            is_test = int(index) < NUM_OFFICIAL_TEST
        else:
            is_test = speaker == held_out_speaker
        (test if is_test else groups.setdefault((digit, speaker), [])).append(row)
    train: list[int] = []
    validation: list[int] = []
    # RandomState's streams are frozen; Generator's may change with NumPy, and the split with them.
    random = np.random.RandomState(0)
    for rows in groups.values():
        shuffled = random.permutation(rows)
        validation.extend(shuffled[:NUM_VALIDATION])
        train.extend(shuffled[NUM_VALIDATION:])
    splits = {"train": train, "validation": validation, "test": test}
    return {split: np.sort(np.array(chosen, np.int64)) for split, chosen in splits.items()}


class RecordingData(SelectedData):
    """Which recordings to learn from.

    tones needs nothing; spoken_digit and speech_commands are found in DLAPPS_MANUAL_DIR or
    DLAPPS_DATA_DIR, or downloaded; wav_folder reads `path`.
    """

    name: Literal["spoken_digit", "speech_commands", "wav_folder", "tones"]
    path: UserPath | None = None
    """wav_folder: the folder of class folders, with or without train, validation and test."""
    sample_rate: Literal["auto"] | SampleRate = "auto"
    """wav_folder: samples a second to resample to; auto: what most of its files have."""
    seconds: Annotated[float, Field(ge=0.01, le=30)] = 1.0
    """What is heard of a recording: shorter ones are laid into silence, longer ones cut."""
    split: Literal["official", "speaker"] = "official"
    """official: as the data are divided, in which speakers of spoken_digit and of a wav_folder may
    be in several splits; speaker: whole speakers are held out, for validation too. Files of a
    wav_folder are then called SPEAKER_anything.wav."""
    held_out_speaker: str | None = None
    """Test on all recordings of this speaker and learn from none of them."""
    fold: Annotated[int, Field(ge=0)] = 0
    """split speaker: in place of a held-out speaker's name, which speaker, or tenth of many, in the
    order of their names; those that follow are for validation."""
    num_examples: Positive = 2000
    """tones: how many to generate for training; a quarter as many for validation and test each."""
    batch_size: BatchSize = 64
    augmentation: WaveformAugmentation = WaveformAugmentation()

    @model_validator(mode="after")
    def _check_owners(self):
        check_path(self.path, self.name, ["wav_folder"])
        self._check_speakers()
        if self.sample_rate != "auto" and self.name != "wav_folder":
            raise ValueError(f"data.sample_rate goes with wav_folder only; {self.name} has its own")
        return self

    def _check_speakers(self) -> None:
        named = self.held_out_speaker
        if self.split == "speaker" and self.name not in SPEAKER_OF:
            raise ValueError(
                f"data.split speaker goes with {' or '.join(SPEAKER_OF)}; nobody knows who speaks "
                f"in {self.name}"
            )
        if named is not None and self.split == "official" and self.name != "spoken_digit":
            raise ValueError("data.held_out_speaker goes with spoken_digit or data.split speaker")
        if named is not None and self.name == "spoken_digit" and named not in SPEAKERS:
            raise ValueError(f"data.held_out_speaker is one of {', '.join(SPEAKERS)}")
        if self.fold and self.split == "official":
            raise ValueError("data.fold goes with data.split speaker: it says who is tested on")
        if self.fold and named is not None:
            raise ValueError("data.fold and data.held_out_speaker say both who is tested on")


class RecordingSpec(Section):
    """What a keyword recogniser must know of its data."""

    sample_rate: int
    """Samples a second."""
    num_samples: int
    class_names: tuple[str, ...]
    speakers: Mapping[str, tuple[str, ...]] = {}
    """Who speaks in each split, where that is known."""

    @property
    def seconds(self) -> float:
        """How long a clip is."""
        return self.num_samples / self.sample_rate


Recordings = Data[Examples, RecordingSpec]


def load_recordings(settings: RecordingData) -> Recordings:
    """The recordings that `settings` names, "waveform" int16 [N, num_samples] and "label".

    spoken_digit: the official test split (recordings 0 to 4 of each digit and speaker); 5 of the
    45 others are for validation, by a fixed permutation. wav_folder: its own split folders, or a
    fixed stratified 80 / 10 / 10; of both, with `data.split` speaker, whole speakers.
    speech_commands: as published. tones: generated, the same each time. Without those that
    `data.exclude` lists and, of those to learn from, without `data.left_out`.
    """
    by_speaker = settings.split == "speaker"
    if settings.name == "spoken_digit":
        among_known = None if by_speaker else settings.held_out_speaker
        rate, class_names, splits = load_spoken_digit(settings.seconds, among_known)
    elif settings.name == "speech_commands":
        rate, class_names, splits = load_speech_commands(settings.seconds)
    elif settings.name == "wav_folder":
        assert settings.path is not None, "the settings were checked"
        wanted = None if settings.sample_rate == "auto" else settings.sample_rate
        rate, class_names, splits = load_wav_folder(settings.path, settings.seconds, wanted)
    else:
        rate, class_names, splits = _tones(settings)
    if by_speaker:
        splits = divided_by_speaker(
            splits, class_names, SPEAKER_OF[settings.name], settings.fold, settings.held_out_speaker
        )
    is_known = by_speaker or settings.name == "spoken_digit"
    spec = RecordingSpec(
        sample_rate=rate,
        num_samples=splits["train"].columns["waveform"].shape[1],
        class_names=class_names,
        speakers=speakers_in(splits, SPEAKER_OF[settings.name]) if is_known else {},
    )
    data = without_listed(Data(splits, spec), settings.exclude)
    return without_fold(data, settings.left_out)


def _tones(settings: RecordingData) -> tuple[int, tuple[str, ...], dict[str, Examples]]:
    held_out = max(settings.num_examples // 4, 1)
    waveforms, labels = tones.make_tones(
        settings.num_examples + 2 * held_out, round(settings.seconds * tones.SAMPLE_RATE)
    )
    names = numbered("all", len(labels))
    rest, test = carve(Examples({"waveform": waveforms, "label": labels}, names=names), held_out)
    train, validation = carve(rest, held_out)
    splits = {"train": train, "validation": validation, "test": test}
    return tones.SAMPLE_RATE, tones.KEYS, splits


def read_whole(path: str | Path, spec: RecordingSpec) -> np.ndarray:
    """The recording [T] of one channel at the rate of `spec`.

    Raises UsageError as `read_recording` does. What is wrong with it is said in the log.
    """
    samples, rate = read_recording(path)
    _warn(path, samples, rate, spec)
    return resampled(samples, rate, spec.sample_rate).mean(axis=1)


def how_heard(path: str | Path, spec: RecordingSpec) -> dict[str, float]:
    """The `seconds_left_out` of a recording, if it is longer than the network hears at once.

    That, and that it is resampled, clipped or silent, is also said in the log.
    """
    samples, rate = read_recording(path)
    name, seconds = in_short(str(path)), len(samples) / rate
    _warn(path, samples, rate, spec)
    heard, lasts = f"{spec.seconds:.2f}", f"{seconds:.2f}"
    if float(lasts) <= float(heard):
        return {}
    logger.warning(
        "%s: %s s, of which only the loudest %s s in a row were heard.", name, lasts, heard
    )
    return {"seconds_left_out": round(seconds - spec.seconds, 3)}


def _warn(path: str | Path, samples: np.ndarray, rate: int, spec: RecordingSpec) -> None:
    name = in_short(str(path))
    warn_of_poor_recording(name, samples)
    if rate != spec.sample_rate:
        logger.warning("%s is resampled from %d to %d Hz.", name, rate, spec.sample_rate)

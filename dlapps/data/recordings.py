"""Recordings of one spoken word each: the data sets of keyword recognition."""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from dlapps.data.audio import clip_maker, read_wav
from dlapps.data.splits import Examples, Splits, carve
from dlapps.data.spoken_digit import SPEAKERS, load_spoken_digit
from dlapps.data.wav_folder import load_wav_folder
from dlapps.data.waveform_augmentation import WaveformAugmentation
from dlapps.datasets import tones
from dlapps.settings import Positive, Section, UserPath, check_path

logger = logging.getLogger(__name__)


class RecordingData(Section):
    """Which recordings to learn from.

    tones needs nothing; spoken_digit is found in DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, or
    downloaded; wav_folder reads `path`.
    """

    name: Literal["spoken_digit", "wav_folder", "tones"]
    path: UserPath | None = None
    """wav_folder: the folder of class folders, with or without train, validation and test."""
    sample_rate: Literal["auto"] | Positive = "auto"
    """wav_folder: samples a second to resample to; auto: what most of its files have."""
    seconds: Annotated[float, Field(ge=0.01, le=30)] = 1.0
    """What is heard of a recording: shorter ones are laid into silence, longer ones cut."""
    held_out_speaker: Literal[SPEAKERS] | None = None
    """spoken_digit: test on all recordings of this speaker and learn from none of them."""
    num_examples: Positive = 2000
    """tones: how many to generate for training; a quarter as many for validation and test each."""
    batch_size: Positive = 64
    augmentation: WaveformAugmentation = WaveformAugmentation()

    @model_validator(mode="after")
    def _check_owners(self):
        check_path(self.path, self.name, ["wav_folder"])
        if self.held_out_speaker is not None and self.name != "spoken_digit":
            raise ValueError("data.held_out_speaker goes with data.name spoken_digit only")
        if self.sample_rate != "auto" and self.name != "wav_folder":
            raise ValueError(f"data.sample_rate goes with wav_folder only; {self.name} has its own")
        return self


@dataclasses.dataclass(frozen=True)
class RecordingSpec:
    """What a keyword recogniser must know of its data."""

    sample_rate: int
    """Samples a second."""
    num_samples: int
    class_names: tuple[str, ...]

    def __post_init__(self):
        object.__setattr__(self, "class_names", tuple(self.class_names))

    @property
    def seconds(self) -> float:
        """How long a clip is."""
        return self.num_samples / self.sample_rate


def load_recordings(settings: RecordingData) -> Splits:
    """The recordings that `settings` names, "waveform" int16 [N, num_samples] and "label".

    spoken_digit: the official test split (recordings 0 to 4 of each digit and speaker); 5 of the
    45 others are for validation, by a fixed permutation. wav_folder: its own split folders, or a
    fixed stratified 80 / 10 / 10. tones: generated, the same each time.
    """
    if settings.name == "spoken_digit":
        rate, class_names, splits = load_spoken_digit(settings.seconds, settings.held_out_speaker)
    elif settings.name == "wav_folder":
        rate = None if settings.sample_rate == "auto" else settings.sample_rate
        rate, class_names, splits = load_wav_folder(settings.path, settings.seconds, rate)
    else:
        rate, class_names, splits = _tones(settings)
    num_samples = splits["train"].columns["waveform"].shape[1]
    return Splits(**splits, spec=RecordingSpec(rate, num_samples, class_names))


def _tones(settings: RecordingData) -> tuple[int, tuple[str, ...], dict[str, Examples]]:
    held_out = max(settings.num_examples // 4, 1)
    waveforms, labels = tones.make_tones(
        settings.num_examples + 2 * held_out, round(settings.seconds * tones.SAMPLE_RATE)
    )
    rest, test = carve(Examples({"waveform": waveforms, "label": labels}), held_out)
    train, validation = carve(rest, held_out)
    splits = {"train": train, "validation": validation, "test": test}
    return tones.SAMPLE_RATE, tones.KEYS, splits


def read_clips(paths: Sequence[str], spec: RecordingSpec) -> np.ndarray:
    """The WAV files as float32 [N, num_samples]; what had to be resampled is said in the log."""
    make = clip_maker(spec.sample_rate, spec.num_samples)
    recordings = [read_wav(path) for path in paths]
    for path, (_, rate) in zip(paths, recordings, strict=True):
        if rate != spec.sample_rate:
            logger.warning("%s is resampled from %d to %d Hz.", path, rate, spec.sample_rate)
    return np.stack([make(samples, rate) for samples, rate in recordings])

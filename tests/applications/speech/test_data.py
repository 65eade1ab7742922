"""Folders of recordings, generated tones and spoken digits come as clips with their classes."""

import logging
import os
from collections import Counter
from typing import get_args

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from dlapps.applications.speech.data import RecordingData, Speaker, load_recordings, split_rows
from dlapps.data.audio.recordings import encode_wav
from dlapps.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    """Ten quiet recordings ("no") and ten loud ones ("yes"), of 100 samples and more."""
    for name, level in (("no", 90), ("yes", 9000)):
        (tmp_path / name).mkdir()
        for number in range(10):
            clip = np.full(100 + number, level, np.int16)
            (tmp_path / name / f"{number}.wav").write_bytes(encode_wav(clip, 8000))
    return tmp_path


def settings(folder, **others) -> RecordingData:
    return RecordingData(name="wav_folder", path=folder, seconds=0.02, **others)


def test_a_folder_gives_clips_of_one_length_with_their_classes(folder):
    data = load_recordings(settings(folder))
    assert (data.spec.sample_rate, data.spec.num_samples) == (8000, 160)
    assert data.spec.class_names == ("no", "yes")
    assert data.spec.seconds == 0.02
    for examples, size in ((data["train"], 16), (data["validation"], 2), (data["test"], 2)):
        waveforms, labels = examples.columns["waveform"], examples.columns["label"]
        assert waveforms.shape == (size, 160)
        assert waveforms.dtype == np.int16
        np.testing.assert_array_equal(waveforms.max(axis=1), np.where(labels, 9000, 90))


def test_another_sample_rate_is_resampled_and_said(folder, caplog):
    clip = np.full(400, 9000, np.int16)
    (folder / "yes" / "fast.wav").write_bytes(encode_wav(clip, 16000))
    with caplog.at_level(logging.WARNING):
        assert load_recordings(settings(folder)).spec.sample_rate == 8000
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("1 of 21 recordings have another sample rate and are resampled")
    assert "8000 Hz" in message
    assert message.endswith("yes/fast.wav")
    assert load_recordings(settings(folder, sample_rate=4000)).spec.num_samples == 80


def test_broken_and_empty_recordings_are_left_out_and_named(folder, caplog):
    (folder / "yes" / "broken.wav").write_text("no sound")
    (folder / "no" / "empty.wav").write_bytes(encode_wav(np.zeros(0, np.int16), 8000))
    with caplog.at_level(logging.WARNING):
        data = load_recordings(settings(folder))
    assert sum(len(split) for split in data.splits.values()) == 20
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("2 of 22 recordings cannot be decoded")
    assert "broken.wav" in message
    assert "empty.wav" in message


def test_recordings_of_every_format_are_read_and_poor_ones_are_named(folder, caplog):
    time = np.arange(800) / 8000
    tone = np.sin(2 * np.pi * 440 * time)
    soundfile.write(folder / "yes" / "a.flac", 0.5 * tone, 8000)
    soundfile.write(folder / "no" / "b.ogg", 0.5 * tone, 8000)
    soundfile.write(folder / "yes" / "c.mp3", 0.5 * tone, 8000)
    soundfile.write(folder / "no" / "clipped.wav", np.clip(2 * tone, -1, 1), 8000)
    soundfile.write(folder / "yes" / "silent.wav", 0 * tone, 8000)
    with caplog.at_level(logging.WARNING):
        data = load_recordings(settings(folder))
    assert sum(len(split) for split in data.splits.values()) == 25
    clipped, silent = [record.getMessage() for record in caplog.records]
    assert clipped.startswith("1 of 25 recordings are clipped, up to 67.")
    assert clipped.endswith("no/clipped.wav")
    assert silent == f"1 of 25 recordings are silent: {folder}/yes/silent.wav"


def test_a_class_without_a_readable_recording_is_refused(folder):
    for file in (folder / "yes").iterdir():
        file.write_text("no sound")
    with pytest.raises(UsageError, match="training recordings of class yes"):
        load_recordings(settings(folder))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "wav_folder"}, "data.path"),
        ({"name": "tones", "path": "somewhere"}, "data.path"),
        ({"name": "tones", "held_out_speaker": "theo"}, "held_out_speaker"),
        ({"name": "tones", "sample_rate": 8000}, "sample_rate"),
        ({"name": "tones", "seconds": 0.009}, "seconds"),
        ({"name": "tones", "seconds": 31}, "seconds"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        RecordingData(**values)


def test_tones_are_the_same_each_time():
    wanted = RecordingData(name="tones", num_examples=40, seconds=0.1)
    one, two = load_recordings(wanted), load_recordings(wanted)
    assert [len(split) for split in one.splits.values()] == [40, 10, 10]
    for name, split in one.splits.items():
        assert split.fingerprint() == two[name].fingerprint()


def names() -> list[str]:
    speakers = get_args(Speaker)
    everything = [f"{d}_{s}_{i}.wav" for d in range(10) for s in speakers for i in range(50)]
    np.random.default_rng(0).shuffle(everything)
    return everything


def test_the_first_five_of_each_digit_and_speaker_are_the_official_test():
    rows = split_rows(names())
    assert {split: len(chosen) for split, chosen in rows.items()} == {
        "train": 2000,
        "validation": 250,
        "test": 250,
    }
    assert len(set(np.concatenate(list(rows.values())))) == 2500
    assert {int(names()[row].split("_")[2][:-4]) for row in rows["test"]} == set(range(5))
    groups = Counter(tuple(names()[row].split("_")[:2]) for row in rows["validation"])
    assert set(groups.values()) == {5}
    assert len(groups) == 50


def test_the_split_does_not_depend_on_the_order_of_the_files():
    chosen = {names()[row] for row in split_rows(names())["validation"]}
    ordered = sorted(names())
    assert {ordered[row] for row in split_rows(ordered)["validation"]} == chosen


def test_a_held_out_speaker_is_tested_on_and_learned_from_never():
    rows = split_rows(names(), "theo")
    assert [len(rows[split]) for split in ("train", "validation", "test")] == [1800, 200, 500]
    for split, chosen in rows.items():
        assert {names()[row].split("_")[1] == "theo" for row in chosen} == {split == "test"}


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("DLAPPS_MANUAL_DIR"), reason="needs DLAPPS_MANUAL_DIR")
def test_the_real_spoken_digits():
    data = load_recordings(RecordingData(name="spoken_digit"))
    assert [len(split) for split in data.splits.values()] == [2000, 250, 250]
    assert data["train"].columns["waveform"].shape == (2000, 8000)
    assert set(Counter(data["test"].columns["label"].tolist()).values()) == {25}

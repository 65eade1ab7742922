"""Folders of recordings, generated tones and spoken digits come as clips with their classes."""

import logging
import os
from collections import Counter

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from dlapps.applications.speech import speech_commands
from dlapps.applications.speech.data import SPEAKERS, RecordingData, load_recordings, split_rows
from dlapps.applications.speech.noise import in_noise
from dlapps.applications.speech.speakers import (
    divided_by_speaker,
    speaker_of_file,
    speakers_in,
)
from dlapps.data.audio.recordings import encode_wav
from dlapps.data.splits import Examples
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
        ({"name": "spoken_digit", "held_out_speaker": "anna"}, "one of george, jackson, nicolas"),
        ({"name": "tones", "split": "speaker"}, "split speaker goes with spoken_digit or wav_fol"),
        ({"name": "spoken_digit", "fold": 1}, "fold goes with data.split speaker"),
        (
            {"name": "spoken_digit", "split": "speaker", "fold": 1, "held_out_speaker": "theo"},
            "say both who is tested on",
        ),
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
    everything = [f"{d}_{s}_{i}.wav" for d in range(10) for s in SPEAKERS for i in range(50)]
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


@pytest.fixture
def voices(tmp_path):
    """Two words by five people, each heard twice and told apart by how loud they are."""
    for word in ("no", "yes"):
        (tmp_path / word).mkdir()
        for loudness, name in enumerate(("anna", "ben", "cleo", "dan", "eve"), 1):
            for number in range(2):
                clip = np.full(100, 1000 * loudness, np.int16)
                (tmp_path / word / f"{name}_{number}.wav").write_bytes(encode_wav(clip, 8000))
    return tmp_path


@pytest.mark.parametrize(
    ("chosen", "validation", "test"),
    [
        ({}, "ben", "anna"),
        ({"fold": 4}, "anna", "eve"),
        ({"held_out_speaker": "dan"}, "eve", "dan"),
    ],
)
def test_nobody_speaks_in_two_splits(voices, chosen, validation, test):
    data = load_recordings(settings(voices, split="speaker", **chosen))
    assert data.spec.speakers["validation"] == (validation,)
    assert data.spec.speakers["test"] == (test,)
    assert len(data.spec.speakers["train"]) == 3
    heard = {
        split: set(each.columns["waveform"].max(axis=1)) for split, each in data.splits.items()
    }
    assert [len(loudness) for loudness in heard.values()] == [3, 1, 1]
    assert len(set.union(*heard.values())) == 5
    assert all(set(each.columns["label"]) == {0, 1} for each in data.splits.values())


def test_of_many_speakers_each_fold_tests_a_tenth(tmp_path):
    examples = Examples(
        {"label": np.zeros(25, np.int32)},
        names=np.array([f"yes/{letter}_1.wav" for letter in "abcdefghijklmnopqrstuvwxy"], "S"),
    )
    tested = []
    for fold in range(13):
        splits = divided_by_speaker({"train": examples}, ["yes"], speaker_of_file, fold)
        tested += speakers_in(splits, speaker_of_file)["test"]
    assert "".join(tested) == "abcdefghijklmnopqrstuvwxy"
    with pytest.raises(
        UsageError, match="25 speakers, 2 at a time, are tested on in folds 0 to 12"
    ):
        divided_by_speaker({"train": examples}, ["yes"], speaker_of_file, 13)


def test_what_cannot_be_divided_by_speaker_is_refused(voices):
    with pytest.raises(UsageError, match="nobody is called bem; did you mean ben"):
        load_recordings(settings(voices, split="speaker", held_out_speaker="bem"))
    clip = encode_wav(np.full(100, 1000, np.int16), 8000)
    (voices / "yes" / "1.wav").write_bytes(clip)
    with pytest.raises(UsageError, match=r"yes/1\.wav has nothing there"):
        load_recordings(settings(voices, split="speaker"))
    (voices / "yes" / "1.wav").unlink()
    (voices / "perhaps").mkdir()
    for number in range(3):
        (voices / "perhaps" / f"ben_{number}.wav").write_bytes(clip)
    with pytest.raises(UsageError, match="perhaps cannot be learned: nobody but ben, anna"):
        load_recordings(settings(voices, split="speaker"))


def test_a_folder_that_is_divided_is_not_divided_by_speaker(folder):
    (folder / "train").mkdir()
    for word in ("no", "yes"):
        (folder / word).rename(folder / "train" / word)
    with pytest.raises(UsageError, match=r"train/no/\d\.wav lies in a split already"):
        load_recordings(settings(folder, split="speaker"))


def test_noise_has_a_tenth_of_the_power_of_what_sounds_and_is_the_same_each_time():
    voice = np.zeros((3, 4000), np.int16)
    voice[0, :1000], voice[1] = 2000, 200
    examples = Examples({"waveform": voice, "label": np.arange(3)})
    noisy = in_noise(examples)
    np.testing.assert_array_equal(noisy.columns["waveform"], in_noise(examples).columns["waveform"])
    strength = np.std(noisy.columns["waveform"] - voice.astype(float), axis=1)
    np.testing.assert_allclose(strength, [2000 / 10**0.5, 200 / 10**0.5, 0], rtol=0.05)
    assert noisy.columns["label"].tolist() == [0, 1, 2]


def test_speech_commands_are_ten_words_silence_and_none_of_these(monkeypatch):
    """As TFDS gives them: lengths differ, and what is no word has the last two numbers."""

    def load_published(name):
        assert name == "speech_commands"
        audio = np.empty(3, object)
        audio[:] = [np.full(length, 900, np.int16) for length in (12000, 16000, 20000)]
        labels = np.array([9, 10, 11], np.int32)
        splits = ("train", "validation", "test")
        return {split: {"audio": audio, "label": labels} for split in splits}

    monkeypatch.setattr(speech_commands, "load_published", load_published)
    data = load_recordings(RecordingData(name="speech_commands"))
    assert (data.spec.sample_rate, data.spec.num_samples) == (16000, 16000)
    said = [data.spec.class_names[label] for label in data["train"].columns["label"]]
    assert said == ["yes", "_silence_", "_unknown_"]
    waveforms = data["test"].columns["waveform"]
    assert waveforms.dtype == np.int16
    assert np.count_nonzero(waveforms, axis=1).tolist() == [12000, 16000, 16000]


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("DLAPPS_MANUAL_DIR"), reason="needs DLAPPS_MANUAL_DIR")
def test_the_real_spoken_digits():
    data = load_recordings(RecordingData(name="spoken_digit"))
    assert data.spec.speakers == dict.fromkeys(data.splits, SPEAKERS)
    assert [len(split) for split in data.splits.values()] == [2000, 250, 250]
    assert data["train"].columns["waveform"].shape == (2000, 8000)
    assert set(Counter(data["test"].columns["label"].tolist()).values()) == {25}

"""Recordings find their transcripts, or are refused with file and line; batches follow."""

import logging
import os

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from dlapps.applications.transcription.connected_digits import join_clips
from dlapps.applications.transcription.data import TranscribedData, load_transcribed
from dlapps.applications.transcription.utterances import (
    Utterances,
    at_other_speeds,
    examples_of,
    without_impossible,
)
from dlapps.data.audio.recordings import encode_wav
from dlapps.data.batches import ShuffledBatches, in_order
from dlapps.errors import UsageError

NOISE = np.random.default_rng(0).integers(-9999, 9999, 3000).astype(np.int16)
GOOD = "".join(f"{n}.wav\tab {'ab'[n % 2]}\n" for n in range(6))


@pytest.fixture
def folder(tmp_path):
    """Six recordings, no two of one length, with their transcripts."""
    for number in range(6):
        (tmp_path / f"{number}.wav").write_bytes(encode_wav(NOISE[number * 100 :], 8000))
    (tmp_path / "transcripts.tsv").write_text(GOOD)
    return tmp_path


def load(folder, **settings):
    return load_transcribed(TranscribedData(name="transcript_folder", path=folder, **settings))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("9.wav\tab", "line 7: .*there is no such recording"),
        ("1.wav", "line 7: .*one tab and what is said"),
        ("1.wav\t ", "line 7: .*nothing is said"),
        ("1.wav\ta", "line 2: .*line 7: .*this has several"),
    ],
)
def test_a_line_that_is_no_transcript_is_named(folder, line, problem):
    (folder / "transcripts.tsv").write_text(f"{GOOD}{line}\n")
    with pytest.raises(UsageError, match=rf"transcripts\.tsv, {problem}"):
        load(folder)


def test_a_letter_outside_the_alphabet_is_named_with_its_line(folder):
    (folder / "transcripts.tsv").write_text(GOOD.replace("5.wav\tab", "5.wav\tach"))
    with pytest.raises(UsageError, match=r"line 6: .*'c', 'h' are not among the letters 'ab '"):
        load(folder, letters="ab ")


def test_a_recording_without_a_transcript_is_left_out_and_named(folder, caplog):
    (folder / "transcripts.tsv").write_text(GOOD.replace("3.wav\tab b\n", ""))
    with caplog.at_level(logging.WARNING):
        data = load(folder)
    assert "1 of 6 recordings have no transcript and are left out" in caplog.text
    assert "3.wav" in caplog.text
    assert sum(len(data[split]) for split in data.splits) == 5


def test_a_batch_holds_each_recording_with_silence_after_it(folder):
    data = load(folder)
    assert (data.spec.letters, data.spec.sample_rate) == (" ab", 8000)
    examples = data["train"]
    for batch in in_order(examples, 2, lambda columns: columns):
        assert batch["waveform"].shape[1] == 4000
        for row, length in enumerate(batch["num_samples"].numpy()):
            number = (3000 - length) // 100
            np.testing.assert_array_equal(batch["waveform"][row, :length], NOISE[number * 100 :])
            assert not batch["waveform"][row, length:].numpy().any()
            said = "".join(data.spec.letters[label] for label in batch["labels"][row].numpy())
            assert said == f"ab {'ab'[number % 2]}"


def test_a_transcript_too_long_for_its_frames_is_left_out_and_named(caplog):
    texts, names = ["abab", "aab", "ab"], ["long", "repeats", "right"]
    examples = examples_of(Utterances([NOISE[:300]] * 3, texts, names), "ab", 8000)

    def three_frames(num_samples: np.ndarray) -> np.ndarray:
        return num_samples // 100

    with caplog.at_level(logging.WARNING):
        left = without_impossible(examples, three_frames)
    assert left.names.tolist() == [b"right"]
    assert "2 of 3 recordings" in caplog.text
    assert "long, repeats" in caplog.text
    with pytest.raises(UsageError, match=r"Every transcript is longer than the frames"):
        without_impossible(examples, three_frames, speed=2.0)


def test_a_faster_recording_is_shorter_and_higher():
    time = np.arange(8000) / 8000
    tone = np.sin(2 * np.pi * 200 * time).astype(np.float32)[None].repeat(2, axis=0)
    inputs = {"waveform": tf.constant(tone), "num_samples": tf.constant([8000, 4000])}
    changed = at_other_speeds(inputs, tf.constant([1.0, 0.0]), 0.25)
    assert changed["num_samples"].numpy().tolist() == [6400, 5333]
    for row, hertz in ((0, 250), (1, 150)):
        own = changed["waveform"][row, :4000].numpy()
        assert np.abs(np.fft.rfft(own)).argmax() * 2 == hertz
        assert not changed["waveform"][row, changed["num_samples"][row] + 2 :].numpy()[6000:].any()


def test_sound_takes_draws_of_its_own_beside_the_speed():
    draws = [TranscribedData(name="tones", **varied).num_draws for varied in (
        {}, {"speed": 0.1}, {"augmentation": {"noise": [5, 80]}}, {"augmentation": {"colour": 9}}
    )]  # fmt: skip
    assert draws == [0, 1, 8, 16]


def test_a_training_batch_is_a_function_of_its_step():
    recordings = [NOISE[: 400 + 50 * n] for n in range(20)]
    utterances = Utterances(recordings, ["ab"] * 20, [str(n) for n in range(20)])
    examples = examples_of(utterances, "ab", 8000)
    batches = ShuffledBatches(examples, 4, 0, lambda columns, draws: columns, length="num_samples")
    first, third = [*batches.from_step(0).take(3)][::2]
    (again,) = batches.from_step(2).take(1)
    np.testing.assert_array_equal(third["waveform"], again["waveform"])
    assert np.ptp(first["num_samples"]) <= 50, "of about one length"


def test_a_string_is_joined_from_one_speakers_clips_of_its_digits():
    clips = {
        speaker: [[np.full(80, 10.0 * digit + place + 1)] for digit in range(10)]
        for place, speaker in enumerate(("anna", "ben"))
    }
    strings = join_clips(clips, 40, seed=1, split="train")
    again = join_clips(clips, 40, seed=1, split="train")
    assert strings.transcripts == again.transcripts
    assert {len(digits) for digits in strings.transcripts} == set(range(1, 8))
    assert {*strings.speakers} == {"anna", "ben"}
    for waveform, digits in zip(strings.waveforms, strings.transcripts, strict=True):
        loud = np.abs(waveform.astype(float)) > 0.25 * 32767
        assert 0.9 * 80 * len(digits) <= loud.sum() <= 1.1 * 80 * len(digits)
        assert len(waveform) <= 80 * len(digits) + 1600 * (len(digits) + 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fold": 1}, "goes with data.split speaker"),
        ({"split": "speaker", "held_out_speaker": "theo"}, "leave data.held_out_speaker out"),
    ],
)
def test_who_is_tested_on_is_said_once(settings, message):
    with pytest.raises(ValidationError, match=message):
        TranscribedData(name="connected_digits", **settings)


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_a_fold_is_tested_on_one_speaker_of_whom_nothing_is_learned(tmp_path, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path)
    monkeypatch.setenv("DLAPPS_DATA_DIR", data_dir)
    settings = TranscribedData(name="connected_digits", split="speaker", fold=3, num_examples=100)
    data = load_transcribed(settings)
    speakers = {split: {*data[split].columns["speaker"]} for split in data.splits}
    known = {b"george", b"jackson", b"nicolas", b"yweweler"}
    assert speakers == {"train": known, "validation": known, "test": {b"theo"}}


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_an4_chooses_by_speakers_that_nothing_is_learned_from(tmp_path, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path)
    monkeypatch.setenv("DLAPPS_DATA_DIR", data_dir)
    data = load_transcribed(TranscribedData(name="an4"))
    speakers = {split: {*data[split].columns["speaker"]} for split in data.splits}
    assert len(data["train"]) + len(data["validation"]) == 948
    assert len(data["test"]) == 130
    assert [len(speakers[split]) for split in ("train", "validation", "test")] == [66, 8, 10]
    assert len(set.union(*speakers.values())) == 84
    assert data.spec.letters == " ABCDEFGHIJKLMNOPQRSTUVWXYZ"

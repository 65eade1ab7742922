"""Keywords are found in a long recording at the times at which they are spoken, each once."""

import numpy as np
import pytest

from dlapps.applications.speech.data import RecordingSpec
from dlapps.applications.speech.detection import DetectionSettings, detections
from dlapps.datasets.tones import COLUMN_FREQUENCIES, KEYS, ROW_FREQUENCIES

RATE = 8000
SPEC = RecordingSpec(sample_rate=RATE, num_samples=RATE // 2, class_names=KEYS)
DURATION = 0.2


def press(waveform: np.ndarray, key: str, start: float) -> None:
    """Adds the tones of a key from `start` on."""
    row, column = divmod(KEYS.index(key), len(COLUMN_FREQUENCIES))
    time = np.arange(round(DURATION * RATE)) / RATE
    first = round(start * RATE)
    for frequency in (ROW_FREQUENCIES[row], COLUMN_FREQUENCIES[column]):
        waveform[first : first + len(time)] += 0.2 * np.sin(2 * np.pi * frequency * time)


def listen(clips: np.ndarray) -> np.ndarray:
    """A recogniser of keys that needs no training: the loudest row and column, how surely."""
    time = np.arange(clips.shape[1]) / RATE

    def shares(frequencies: tuple[float, ...]) -> np.ndarray:
        waves = np.exp(2j * np.pi * np.outer(time, frequencies))
        power = np.abs(clips @ waves) ** 2
        return power / np.maximum(power.sum(axis=1, keepdims=True), 1e-9)

    rows, columns = shares(ROW_FREQUENCIES), shares(COLUMN_FREQUENCIES)
    return (rows[:, :, None] * columns[:, None, :]).reshape(len(clips), -1)


def found(waveform: np.ndarray, spec: RecordingSpec = SPEC, **settings: float) -> list[dict]:
    return list(detections(waveform, spec, listen, DetectionSettings(**settings)))


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.002, round(seconds * RATE))


def test_keys_are_found_at_the_times_at_which_they_are_pressed():
    waveform = noise(9.0)
    pressed = dict(zip((0.0, 1.3, 2.5, 3.33, 4.8, 6.01, 7.2, 8.8), "3149*0#2", strict=True))
    for start, key in pressed.items():
        press(waveform, key, start)
    answers = found(waveform)
    assert [each["label"] for each in answers] == list(pressed.values())
    for each, start in zip(answers, pressed, strict=True):
        assert each["start"] == pytest.approx(start, abs=0.08)
        assert each["end"] == pytest.approx(start + DURATION, abs=0.08)
        assert 0.8 <= each["probability"] <= 1


def test_what_is_found_is_told_before_the_rest_is_heard():
    waveform = noise(30.0)
    press(waveform, "7", 1.0)
    asked = []

    def counted(clips: np.ndarray) -> np.ndarray:
        asked.append(len(clips))
        return listen(clips)

    first = next(detections(waveform, SPEC, counted, DetectionSettings()))
    assert first["label"] == "7"
    assert sum(asked) < 300  # of 600


def test_noise_silence_and_what_is_no_keyword_are_not_found():
    assert found(np.zeros(3 * RATE)) == []
    assert found(noise(3.0)) == []
    waveform = noise(3.0)
    press(waveform, "7", 1.0)
    names = tuple("_unknown_" if name == "7" else name for name in KEYS)
    assert found(waveform, SPEC.model_copy(update={"class_names": names})) == []
    soft = noise(4.0)
    press(soft, "7", 1.0)
    soft[2 * RATE :] *= 0.003 / 0.002
    beep = np.zeros_like(soft)
    press(beep, "5", 3.0)
    assert [each["label"] for each in found(soft + 0.01 * beep, quietest=20)] == ["7"]


def test_a_key_that_is_heard_again_at_once_is_one_and_another_one_is_two():
    waveform = noise(4.0)
    press(waveform, "7", 1.0)
    press(waveform, "7", 1.25)
    press(waveform, "5", 2.5)
    assert [each["label"] for each in found(waveform)] == ["7", "5"]


def test_a_recording_shorter_than_a_window_is_searched_too():
    waveform = noise(0.3)
    press(waveform, "8", 0.05)
    for every in (0.05, 0.2):
        (answer,) = found(waveform, every=every, smoothing=0.0)
        assert answer["label"] == "8"
        assert 0 <= answer["start"] < answer["end"] <= 0.3
    assert found(0 * waveform, every=10.0) == []

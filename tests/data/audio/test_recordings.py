"""A recording of any width, rate and length becomes the same clip for training and in a graph."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from dlapps.data.audio.recordings import (
    clip_maker,
    decode_wav,
    decode_wavs,
    encode_wav,
    fit_length,
    read_wav,
    resample,
    to_floats,
    to_integers,
)
from dlapps.errors import UsageError


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-20_000, 20_000, shape).astype(np.int16)


GOOD = encode_wav(noise(10), 8000)
FLOATS = encode_wav(np.zeros((9, 2), np.float32), 8000)


def tone(frequency: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(round(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency * time) * np.hanning(len(time))).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "rate"),
    [(noise(800), 8000), (noise(500, 2), 8000), (noise(900), 8000), (noise(2205, 2), 22050)],
)
def test_files_are_heard_alike_in_python_and_in_a_graph(tmp_path, samples, rate):
    contents = encode_wav(samples, rate)
    (tmp_path / "clip.wav").write_bytes(contents)
    heard = clip_maker(8000, 800)(*read_wav(tmp_path / "clip.wav"))
    in_graph = tf.function(lambda text: decode_wav(text, 8000, 800))(tf.constant(contents))
    assert heard.shape == (800,)
    np.testing.assert_allclose(heard, in_graph, atol=1e-6)


def test_a_clip_of_the_right_form_keeps_its_samples(tmp_path):
    (tmp_path / "clip.wav").write_bytes(encode_wav(noise(800), 8000))
    heard = clip_maker(8000, 800)(*read_wav(tmp_path / "clip.wav"))
    np.testing.assert_array_equal(to_integers(heard), noise(800))
    np.testing.assert_array_equal(to_floats(noise(800)), heard)


@pytest.mark.parametrize(
    ("samples", "tolerance"),
    [
        (np.array([0, 128, 255], np.uint8), 0),
        (np.array([-(2**31), 0, 127 * 2**24], np.int32), 0),
        (np.array([-1, 0, 127 / 128], np.float32), 0),
        (np.array([-1, 0, 127 / 128], np.float64), 0),
    ],
)
def test_other_widths_have_the_same_scale(tmp_path, samples, tolerance):
    (tmp_path / "clip.wav").write_bytes(encode_wav(samples, 8000))
    heard, rate = read_wav(tmp_path / "clip.wav")
    assert rate == 8000
    np.testing.assert_allclose(heard[:, 0], [-1, 0, 127 / 128], atol=tolerance)


@pytest.mark.parametrize(("rate", "new_rate"), [(16000, 8000), (44100, 8000), (8000, 11025)])
def test_resampling_keeps_a_tone_and_lets_no_alias_in(rate, new_rate):
    waveform = tone(700, rate)
    resampled = resample(tf.constant(waveform), rate, new_rate).numpy()
    expected = tone(700, new_rate)
    assert len(resampled) == len(expected)
    np.testing.assert_allclose(resampled, expected, atol=2e-3)
    filtered = scipy.signal.resample_poly(waveform, new_rate, rate)[: len(resampled)]
    np.testing.assert_allclose(resampled[50:-50], filtered[50:-50], atol=5e-3)
    if new_rate < rate:
        above = resample(tf.constant(tone(new_rate * 0.6, rate)), rate, new_rate)
        assert np.abs(above).max() < 0.01


def test_short_clips_lie_in_the_middle_and_of_long_ones_the_word_is_kept():
    short = fit_length(tf.ones([1, 4]), 10).numpy()
    np.testing.assert_array_equal(short, [[0, 0, 0, 1, 1, 1, 1, 0, 0, 0]])
    long = np.zeros((2, 100), np.float32)
    long[0, 70:80] = 1
    long[1, 3:13] = -1
    kept = fit_length(tf.constant(long), 10).numpy()
    np.testing.assert_array_equal(kept, [[1] * 10, [-1] * 10])


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"no sound", "not a WAV file"),
        (b"", "not a WAV file"),
        (encode_wav(noise(10), 8000)[:30], "not a WAV file"),
        (GOOD[:24] + bytes(8) + GOOD[32:], "has no sample rate"),
        (encode_wav(noise(0), 8000), "is empty"),
        (encode_wav(noise(10), 999), "has 999 samples a second in 1 channels"),
        (encode_wav(noise(10), 2_000_000), "has 2,000,000 samples a second in 1 channels"),
        (encode_wav(noise(2, 1025), 8000), "has 8,000 samples a second in 1,025 channels"),
        (GOOD[:4] + bytes(4) + GOOD[8:], "not a WAV file"),
        (GOOD[:22] + bytes(2) + GOOD[24:], "not a WAV file"),
        (GOOD[:32] + bytes(2) + GOOD[34:], "not a WAV file"),
        (FLOATS[:32] + b"\xe8\x01" + FLOATS[34:], "not a WAV file"),
        (encode_wav(np.array([0, np.nan], np.float32), 8000), "no numbers"),
        (encode_wav(np.array([0, np.inf], np.float32), 8000), "infinite"),
        (encode_wav(np.array([0, -np.inf], np.float64), 8000), "infinite"),
    ],
)
def test_what_is_no_recording_is_refused_by_name(tmp_path, contents, message):
    (tmp_path / "clip.wav").write_bytes(contents)
    with pytest.raises(UsageError, match=message) as refusal:
        read_wav(tmp_path / "clip.wav")
    assert str(tmp_path / "clip.wav") in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no recording .*absent\.wav"):
        read_wav(tmp_path / "absent.wav")
    with pytest.raises(UsageError, match="cannot be read"):
        read_wav(tmp_path)


def test_a_graph_refuses_a_file_without_samples():
    with pytest.raises(tf.errors.InvalidArgumentError, match="holds no samples"):
        decode_wav(tf.constant(encode_wav(noise(0), 8000)), 8000, 10)


@pytest.mark.parametrize("place", [0, 8, 12])
def test_a_graph_refuses_bytes_that_are_no_text(place):
    contents = GOOD[:place] + b"\x80" + GOOD[place + 1 :]
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_wav(tf.constant(contents), 8000, 10)


@pytest.mark.parametrize(("rate", "message"), [(999, "too low"), (1_000_001, "too high")])
def test_a_graph_refuses_a_rate_that_no_recording_has(rate, message):
    decode = tf.function(lambda text: decode_wav(text, 8000, 10))
    for function in (decode, lambda text: decode_wav(text, 8000, 10)):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            function(tf.constant(encode_wav(noise(10), rate)))


def test_many_files_are_heard_as_each_alone():
    files = [encode_wav(noise(700, 2), 11025), encode_wav(noise(900), 8000)]
    heard = decode_wavs(tf.constant(files), 8000, 800)
    assert heard.shape == (2, 800)
    for file, clip in zip(files, heard, strict=True):
        np.testing.assert_array_equal(clip, decode_wav(tf.constant(file), 8000, 800))

"""A recording of any width, rate and length becomes the same clip for training and in a graph."""

import io

import numpy as np
import pytest
import scipy.signal
import soundfile
import tensorflow as tf

from dlapps.data.audio import recordings
from dlapps.data.audio.recordings import (
    clip_maker,
    decode_wav,
    decode_wavs,
    encode_wav,
    fit_length,
    read_recording,
    resample,
    resampled,
    to_floats,
    to_integers,
)
from dlapps.errors import UsageError


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-20_000, 20_000, shape).astype(np.int16)


def encoded(samples: np.ndarray, subtype: str, form: str = "WAV", rate: int = 8000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


GOOD = encode_wav(noise(10), 8000)
SILENCE = encoded(np.zeros((1000, 1)), "PCM_16", "FLAC")


def tone(frequency: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(round(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency * time) * np.hanning(len(time))).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "rate"),
    [(noise(800), 8000), (noise(500, 2), 8000), (noise(900), 8000), (noise(500, 3), 8000)],
)
def test_files_are_heard_alike_in_python_and_in_a_graph(tmp_path, samples, rate):
    contents = encode_wav(samples, rate)
    (tmp_path / "clip.wav").write_bytes(contents)
    heard = clip_maker(8000, 800)(*read_recording(tmp_path / "clip.wav"))
    in_graph = tf.function(lambda text: decode_wav(text, 8000, 800))(tf.constant(contents))
    assert heard.shape == (800,)
    np.testing.assert_allclose(heard, in_graph, atol=1e-6)


def test_a_clip_of_the_right_form_keeps_its_samples(tmp_path):
    (tmp_path / "clip.wav").write_bytes(encode_wav(noise(800), 8000))
    heard = clip_maker(8000, 800)(*read_recording(tmp_path / "clip.wav"))
    np.testing.assert_array_equal(to_integers(heard), noise(800))
    np.testing.assert_array_equal(to_floats(noise(800)), heard)


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        *[("WAV", f"PCM_{width}") for width in ("U8", "16", "24", "32")],
        ("WAV", "FLOAT"),
        ("WAV", "DOUBLE"),
        ("WAVEX", "PCM_24"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
    ],
)
def test_every_width_has_the_same_scale(tmp_path, form, subtype):
    samples = np.array([[-1, 0.5], [0, -0.25], [127 / 128, 0]])
    (tmp_path / "clip").write_bytes(encoded(samples, subtype, form))
    heard, rate = read_recording(tmp_path / "clip")
    assert (rate, heard.dtype) == (8000, np.float32)
    np.testing.assert_array_equal(heard, samples)


@pytest.mark.parametrize(
    ("form", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
)
def test_compressed_files_sound_as_they_did(tmp_path, form, subtype):
    waveform = tone(700, 16000)
    (tmp_path / "a").write_bytes(encoded(waveform, subtype, form, 16000))
    heard, rate = read_recording(tmp_path / "a")
    assert rate == 16000
    assert len(heard) == len(waveform)
    similarity = np.corrcoef(heard[:, 0], waveform)[0, 1]
    assert similarity > 0.99


def test_floats_above_full_scale_are_cut_off(tmp_path):
    (tmp_path / "clip").write_bytes(encoded(np.array([-3, 0.5, 2]), "FLOAT"))
    heard, _ = read_recording(tmp_path / "clip")
    np.testing.assert_array_equal(heard[:, 0], [-1, 0.5, 1])


@pytest.mark.parametrize(
    "resampler",
    [
        lambda waveform, rate, new: resample(tf.constant(waveform), rate, new).numpy(),
        lambda waveform, rate, new: resampled(waveform[:, None], rate, new)[:, 0],
    ],
    ids=["in the graph", "in Python"],
)
@pytest.mark.parametrize(("rate", "new_rate"), [(16000, 8000), (44100, 8000), (8000, 11025)])
def test_resampling_keeps_a_tone_and_lets_no_alias_in(resampler, rate, new_rate):
    waveform = tone(700, rate)
    found = resampler(waveform, rate, new_rate)
    expected = tone(700, new_rate)
    assert len(found) == pytest.approx(new_rate / 2, abs=1)
    found = found[: len(expected)]
    np.testing.assert_allclose(found, expected, atol=2e-3)
    filtered = scipy.signal.resample_poly(waveform, new_rate, rate)[: len(found)]
    np.testing.assert_allclose(found[50:-50], filtered[50:-50], atol=5e-3)
    if new_rate < rate:
        above = resampler(tone(new_rate * 0.6, rate), rate, new_rate)
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
        (b"These are words, called a recording. " * 50, "is not a WAV, FLAC, OGG or MP3 file"),
        (b"", "is not a WAV"),
        (b"\0\0\0\x20ftypisom" + bytes(1000), "is not a WAV"),  # the start of an MP4 video
        (b"RIFF\xd0\7\0\0AVI LIST" + bytes(2000), "is not a WAV"),
        (encoded(noise(10), "PCM_16", "AIFF"), "is not a WAV"),
        (GOOD[:30], "is not a WAV"),
        (SILENCE[: len(SILENCE) // 2], "is not a WAV"),
        (GOOD[:24] + bytes(8) + GOOD[32:], "is not a WAV"),  # no rate
        (GOOD[:22] + bytes(2) + GOOD[24:], "is not a WAV"),  # no channels
        (GOOD[:22] + b"\xff\xff" + GOOD[24:], "is not a WAV"),  # 65,535 channels
        (encode_wav(noise(0), 8000), "is empty"),
        (encode_wav(noise(10), 999), "has 999 samples a second; read are 1,000 to 1,000,000"),
        (encode_wav(noise(10), 2_000_000), "has 2,000,000 samples a second"),
        (encoded(np.array([0, np.nan]), "FLOAT"), "no numbers"),
        (encoded(np.array([0, -np.inf]), "DOUBLE"), "infinite"),
    ],
    # Their bytes would be the names of the tests, and some hold the second they were written in.
    ids=[
        "words", "nothing", "MP4", "AVI", "AIFF", "no_samples", "half", "no_rate", "no_channels",
        "many_channels", "empty", "slow", "fast", "not_a_number", "infinite",
    ],
)  # fmt: skip
def test_what_is_no_recording_is_refused_by_name(tmp_path, contents, message):
    (tmp_path / "clip.wav").write_bytes(contents)
    with pytest.raises(UsageError, match=message) as refusal:
        read_recording(tmp_path / "clip.wav")
    assert str(tmp_path / "clip.wav") in str(refusal.value)


def test_no_more_is_read_than_memory_should_hold(tmp_path, monkeypatch):
    (tmp_path / "silence").write_bytes(SILENCE)
    monkeypatch.setattr(recordings, "AT_A_TIME", 100)
    assert len(read_recording(tmp_path / "silence")[0]) == 1000
    monkeypatch.setattr(recordings, "MOST_SAMPLES", 900)
    with pytest.raises(UsageError, match="silence is too long: it holds more than 900 samples"):
        read_recording(tmp_path / "silence")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no recording .*absent\.wav"):
        read_recording(tmp_path / "absent.wav")
    with pytest.raises(UsageError, match="cannot be read"):
        read_recording(tmp_path)


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

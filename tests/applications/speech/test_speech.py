"""A trained recogniser answers on files of any rate, draws what it heard, and refuses the rest."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from dlapps.data.audio.recordings import encode_wav
from dlapps.datasets.tones import KEYS, make_tones


@pytest.fixture(scope="module")
def run(dlapps, tiny, tmp_path_factory) -> Path:
    """A recogniser of telephone keys that was trained for a moment."""
    directory = tmp_path_factory.mktemp("runs") / "tones_keyword_cnn" / "0"
    small = ("data.num_examples=48", "data.seconds=0.2", "data.batch_size=8", "model.filters=4")
    options = [part for setting in small for part in ("--set", setting)]
    answer = dlapps("speech", "train", "tones_keyword_cnn", "--run", directory, *tiny, *options)
    assert answer.exit_code == 0, answer.stderr
    return directory


@pytest.fixture
def clip() -> np.ndarray:
    """One key, as the run heard them."""
    return make_tones(1, 1600)[0][0]


def encoded(clip: np.ndarray, subtype: str, form: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, clip, 8000, format=form, subtype=subtype)
    return file.getvalue()


def write(path: Path, contents: bytes) -> Path:
    path.write_bytes(contents)
    return path


def test_another_sample_rate_is_resampled_and_said(dlapps, run, clip, tmp_path):
    file = write(tmp_path / "slow.wav", encode_wav(clip, 4000))
    answer = dlapps("speech", "predict", run, file, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert f"{file} is resampled from 4000 to 8000 Hz" in answer.stderr
    assert answer.document[0]["label"] in KEYS


def test_a_clipped_recording_and_a_silent_one_are_said(dlapps, run, clip, tmp_path):
    loud = write(tmp_path / "loud.wav", encode_wav(np.sign(clip) * np.int16(32767), 8000))
    silent = write(tmp_path / "silent.wav", encode_wav(0 * clip, 8000))
    answer = dlapps("speech", "predict", run, loud, silent)
    assert answer.exit_code == 0, answer.stderr
    assert f"{loud} is clipped: " in answer.stderr
    assert f"{silent} is silent." in answer.stderr


def test_a_recording_that_is_not_heard_whole_says_so_once(dlapps, run, clip, tmp_path):
    """A network hears so many seconds at once; of a longer recording, the loudest."""
    file = write(tmp_path / "long.wav", encode_wav(np.tile(clip, 16), 8000))
    slow = write(tmp_path / "slow.wav", encode_wav(clip, 4000))
    said = f"{file}: 3.20 s, of which only the loudest 0.20 s in a row were heard."
    whole = write(tmp_path / "whole.wav", encode_wav(clip, 8000))
    answer = dlapps("speech", "predict", run, file, slow, whole, "--json")
    assert [record.get("seconds_left_out") for record in answer.document] == [3.0, 0.2, None]
    for said_by in (answer, dlapps("speech", "explain", run, file, slow)):
        assert said_by.exit_code == 0, said_by.stderr
        assert said_by.stderr.count(said) == 1
        assert said_by.stderr.count("is resampled from 4000 to 8000 Hz") == 1
        assert str(whole) not in said_by.stderr


def test_a_file_of_another_width_is_answered_as_a_server_answers_its_16_bits(
    dlapps, run, clip, tmp_path
):
    # Another key: of the same one, the mean would be only quieter, which the network ignores.
    stereo = np.stack([clip // 2, make_tones(2, 1600)[0][1] // 2], axis=1)
    kinds = [("wav", "PCM_16"), ("wav", "PCM_32"), ("wav", "FLOAT"), ("flac", "PCM_16")]
    files = [tmp_path / f"{number}.{suffix}" for number, (suffix, _) in enumerate(kinds)]
    for file, (_, subtype) in zip(files, kinds, strict=True):
        soundfile.write(file, stereo / 32768, 8000, subtype=subtype)
    answer = dlapps("speech", "predict", run, *files, "--json")
    assert answer.exit_code == 0, answer.stderr
    for record, file in zip(answer.document, files, strict=True):
        assert record == {**answer.document[0], "input": str(file)}
    exported = dlapps("speech", "export", run, "--to", tmp_path / "models", "--json")
    serve = tf.saved_model.load(exported.document["saved_model"]).signatures["serving_default"]
    (served,) = serve(wav_bytes=tf.constant([files[0].read_bytes()]))["probabilities"].numpy()
    probabilities = list(answer.document[0]["probabilities"].values())
    np.testing.assert_allclose(served, probabilities, atol=1e-6)


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (b"words", "is not a WAV, FLAC, OGG or MP3 file"),
        (encode_wav(np.ones(9, np.int16), 1), "has 1 samples a second"),
        (encode_wav(np.zeros(0, np.int16), 8000), "is empty: it holds no samples"),
        (None, "There is no recording"),
    ],
    ids=["words", "rate", "empty", "missing"],
)
@pytest.mark.parametrize("command", ["predict", "explain"])
def test_what_is_no_recording_is_named(dlapps, run, command, contents, why, tmp_path):
    wrong = tmp_path / "wrong.wav"
    if contents is not None:
        wrong.write_bytes(contents)
    dlapps("speech", command, run, wrong).assert_refused(wrong, why)


def test_what_is_no_recording_keeps_no_other_from_its_answer(dlapps, run, clip, tmp_path):
    good = write(tmp_path / "good.wav", encode_wav(clip, 8000))
    wrong = write(tmp_path / "wrong.wav", b"words")
    answer = dlapps("speech", "predict", run, good, wrong)
    assert answer.exit_code == 1
    assert answer.stdout.startswith(f"{good}  label: ")
    assert "is not a WAV, FLAC" in answer.stderr
    assert answer.stderr.endswith("1 of 2 inputs could not be answered.\n")


def test_a_folder_that_is_not_there_is_named(dlapps, tiny, tmp_path):
    path = ("--set", f"data.path={tmp_path}/nowhere", "--run", tmp_path / "run")
    answer = dlapps("speech", "train", "wav_folder_keyword_cnn", *tiny, *path)
    assert answer.exit_code == 2
    assert f"The recording folder {tmp_path}/nowhere does not exist" in answer.stderr
    assert "yes/1.wav" in answer.stderr


def test_single_recordings_are_drawn(dlapps, run, clip, tmp_path):
    (tmp_path / "other").mkdir()
    names = ("a", "b", "other/a")
    files = [write(tmp_path / f"{name}.wav", encode_wav(clip, 8000)) for name in names]
    answer = dlapps("speech", "explain", run, *files, "--json")
    assert answer.exit_code == 0, answer.stderr
    pictures = [Path(path) for path in answer.document["files"]]
    expected = [f"{name}{kind}.png" for name in ("a", "b", "a_2") for kind in ("", "_explained")]
    assert [path.name for path in pictures] == expected
    assert all(path.stat().st_size > 10_000 for path in pictures)


def test_the_exported_model_takes_files_and_waveforms(dlapps, run, clip, tmp_path):
    answer = dlapps("speech", "export", run, "--to", tmp_path, "--json")
    assert answer.exit_code == 0, answer.stderr
    signatures = tf.saved_model.load(answer.document["saved_model"]).signatures
    files = [encode_wav(clip, 8000), encode_wav(np.stack([clip, clip], axis=1), 8000)]
    by_file = signatures["serving_default"](wav_bytes=tf.constant(files))
    waveforms = np.stack([clip, clip]).astype(np.float32) / 32768
    longer = np.pad(waveforms, [(0, 0), (500, 300)])
    for heard in (waveforms, longer):
        by_waveform = signatures["waveform"](waveform=tf.constant(heard))
        np.testing.assert_allclose(
            by_file["probabilities"], by_waveform["probabilities"], atol=1e-5
        )
    empty = encode_wav(np.zeros(0, np.int16), 8000)
    no_rates = [encode_wav(clip, 1), encode_wav(clip, 100_000_000)]
    others = [("PCM_U8", "WAV"), ("PCM_32", "WAV"), ("FLOAT", "WAV"), ("PCM_16", "FLAC")]
    for wrong in (b"words", empty, *no_rates, *[encoded(clip, *other) for other in others]):
        with pytest.raises(tf.errors.InvalidArgumentError):
            signatures["serving_default"](wav_bytes=tf.constant([wrong]))


def test_suspect_recordings_are_listed_and_drawn(dlapps, run, tmp_path):
    options = ("--folds", 0, "--split", "test", "--to", tmp_path, "--json")
    answer = dlapps("speech", "suspects", run, *options)
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["splits"]["test"]["num_suspects"] > 0
    assert answer.document["suspects"][0]["example"].startswith("all/")
    assert answer.document["files"] == [f"{tmp_path}/suspects.csv", f"{tmp_path}/suspects.png"]

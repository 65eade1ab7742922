"""What tests/test_applications.py needs to know of speech."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from dlapps.data.audio.recordings import encode_wav, read_as_served
from dlapps.datasets.tones import SAMPLE_RATE, make_tones


def make_files(directory: Path) -> None:
    """Twelve recordings of each of two keys, no two of one length, a few in stereo or at 11 kHz."""
    for name, key in (("one", 0), ("two", 1)):
        (directory / name).mkdir()
        waveforms, keys = make_tones(12 * 12, SAMPLE_RATE // 5)
        for number, waveform in enumerate(waveforms[keys == key]):
            clip = waveform[: len(waveform) - 10 * number]
            clip = np.stack([clip, clip], axis=1) if number % 4 == 1 else clip
            rate = 11025 if number % 6 == 1 else SAMPLE_RATE
            (directory / name / f"{number}.wav").write_bytes(encode_wav(clip, rate))


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a YAML's contents data which a test has, and make it small."""
    width = {
        "keyword_cnn": "model.filters=8",
        "attention_lstm": "model.units=8",
        "ds_cnn": "model.size=small",
        "crnn": "model.units=8",
        "waveform_cnn": "model.filters=8",
    }
    small = ["data.batch_size=8", "data.seconds=0.2", width[config["model"]["name"]]]
    if config["data"]["name"] == "wav_folder":
        return [*small, f"data.path={directory}"]
    return [*small, "data.name=tones", "data.split=official", "data.num_examples=48"]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on these data: one file as it should be, one to be resampled."""
    return [f"{directory}/one/0.wav", f"{directory}/two/1.wav"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    assert 0 <= metrics["accuracy"] <= 1
    assert 0 <= metrics["accuracy_at_10_db"] <= 1


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    served = serve(wav_bytes=tf.constant([read_as_served(text, SAMPLE_RATE) for text in inputs]))
    labels = [label.decode() for label in served["label"].numpy()]
    assert labels == [record["label"] for record in answers]
    probabilities = [list(record["probabilities"].values()) for record in answers]
    np.testing.assert_allclose(served["probabilities"], probabilities, atol=1e-5)

"""What tests/test_applications.py needs to know of transcription."""

from pathlib import Path

import numpy as np
import soundfile
import tensorflow as tf

from dlapps.data.audio.recordings import encode_wav, resampled
from dlapps.datasets.tones import SAMPLE_RATE, make_tone_strings

SMALL = {
    "ctc_lstm": ["model.units=8", "model.num_layers=1", "model.num_bands=16"],
    "ctc_crnn": ["model.units=8", "model.num_layers=1", "model.filters=4", "model.num_bands=16"],
}


def make_files(directory: Path) -> None:
    """Strings of keys with their transcripts, keys of a string apart; one at another rate, as
    FLAC."""
    recordings, transcripts = make_tone_strings(24)
    lines = []
    for number, (recording, keys) in enumerate(zip(recordings, transcripts, strict=True)):
        name = f"{number}.flac" if number == 7 else f"{number}.wav"
        if number == 7:
            other = resampled(recording[:, None] / 32768, SAMPLE_RATE, 11025)
            soundfile.write(directory / name, other, 11025)
        else:
            (directory / name).write_bytes(encode_wav(recording, SAMPLE_RATE))
        lines.append(f"{name}\t{' '.join(keys)}\n")
    (directory / "transcripts.tsv").write_text("".join(lines))


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a YAML's contents data which a test has, and make it small."""
    small = [*SMALL[config["model"]["name"]], "data.batch_size=8", "evaluation.batch_size=8"]
    if config["data"]["name"] == "tones":
        return [*small, "data.num_examples=24", "decoding.beam_width=1"]
    small += [
        "data.name=transcript_folder",
        f"data.path={directory}",
        "data.letters='123456789*0# '",
    ]
    small += ["decoding.n_best=3", "decoding.ngram_order=2", "decoding.beam_width=4"]
    if config["data"]["name"] == "connected_digits":
        small += ["data.split=official", "data.num_examples=2000", "evaluation.folds=null"]
    return small


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on these data: one file as it should be, one to be resampled."""
    return [f"{directory}/0.wav", f"{directory}/7.flac"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    rate = metrics.get("word_error_rate", metrics.get("label_error_rate"))
    assert rate >= 0
    assert 0 <= metrics["exact"] <= 1
    assert metrics["utterances"] > 0


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    signatures = tf.saved_model.load(str(saved_model)).signatures
    served = signatures["serving_default"](wav_bytes=tf.constant([Path(inputs[0]).read_bytes()]))
    assert served["transcript"].numpy()[0].decode() == answers[0]["transcript"]
    np.testing.assert_allclose(served["score"][0], answers[0]["score"], rtol=1e-4, atol=1e-4)
    samples, _ = soundfile.read(inputs[0], dtype="float32")
    behind = np.pad(samples, (0, 5000), constant_values=0.5)[None]
    heard = signatures["waveform"](
        waveform=tf.constant(behind), lengths=tf.constant([len(samples)], tf.int32)
    )
    assert heard["transcript"].numpy()[0].decode() == answers[0]["transcript"]
    np.testing.assert_allclose(heard["score"][0], answers[0]["score"], rtol=1e-4, atol=1e-4)
    if "alternatives" in served:
        scores = [each["score"] for each in answers[0]["alternatives"]]
        np.testing.assert_allclose(served["alternative_scores"][0], scores, rtol=1e-4, atol=1e-4)

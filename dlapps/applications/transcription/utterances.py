"""Recordings of different lengths with what is said in them, as examples to make batches of."""

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dlapps.data.audio.recordings import to_floats
from dlapps.data.batches import Columns
from dlapps.data.sources.folders import name_a_few
from dlapps.data.splits import Examples
from dlapps.errors import UsageError
from dlapps.losses.ctc import fewest_frames

logger = logging.getLogger(__name__)

FEW_LENGTHS = 0.5
"""Seconds of which the length of a batch is a multiple: XLA compiles anew for each length."""


class Utterances(NamedTuple):
    """The recordings of one split."""

    waveforms: Sequence[np.ndarray]
    """int16, each of its own length."""
    transcripts: Sequence[str]
    names: Sequence[str]
    speakers: Sequence[str] = ()
    """Who says each, where that is known."""

    def chosen(self, rows: Iterable[int]) -> "Utterances":
        """Those in these places."""
        rows = [*rows]
        return Utterances(
            [self.waveforms[row] for row in rows],
            [self.transcripts[row] for row in rows],
            [self.names[row] for row in rows],
            [self.speakers[row] for row in rows] if self.speakers else (),
        )


def examples_of(utterances: Utterances, letters: str, sample_rate: int) -> Examples:
    """Rows that `read` gives their `waveform` int16 [N, T], padded to the longest of a batch.

    The other columns are `num_samples`, `labels` int32 [N, U] (places in `letters`) of which the
    first `num_labels` count, `transcript` and, where they are known, `speaker`.
    """
    lengths = np.array([len(waveform) for waveform in utterances.waveforms], np.int32)
    samples = np.concatenate(utterances.waveforms)
    columns = {
        "recording": np.arange(len(lengths), dtype=np.int32),
        "num_samples": lengths,
        **_labels(utterances.transcripts, letters),
        "transcript": _texts(utterances.transcripts),
    }
    if utterances.speakers:
        columns["speaker"] = _texts(utterances.speakers)
    recordings = tf.RaggedTensor.from_row_lengths(tf.constant(samples), lengths)
    multiple = max(round(FEW_LENGTHS * sample_rate), 1)

    def read(batch: Columns) -> Columns:
        longest = -(-tf.reduce_max(batch["num_samples"]) // multiple) * multiple
        rows = tf.gather(recordings, batch["recording"])
        waveform = rows.to_tensor(shape=tf.stack([-1, longest]))
        waveform = tf.ensure_shape(waveform, [batch["recording"].shape[0], None])
        return {**{n: c for n, c in batch.items() if n != "recording"}, "waveform": waveform}

    digest = hashlib.sha256(samples.data).hexdigest()
    names = _texts(utterances.names).astype("S")
    return Examples(columns, places=("recording",), read=read, source=digest, names=names)


def by_length(examples: Examples) -> Examples:
    """The examples, the shortest first, so that those of a batch are about equally long."""
    return examples[np.argsort(examples.columns["num_samples"], kind="stable")]


def without_impossible(
    examples: Examples, count_frames: Callable[[np.ndarray], np.ndarray], speed: float = 1.0
) -> Examples:
    """The examples without those that a network has too few frames for, which are named.

    `count_frames` says how many it has for so many samples; `speed` is the highest at which a
    recording is played. Raises UsageError where nothing is left.
    """
    columns = examples.columns
    frames = np.asarray(count_frames((columns["num_samples"] / speed).astype(np.int32)))
    needed = fewest_frames(tf.constant(columns["labels"]), tf.constant(columns["num_labels"]))
    is_possible = frames >= needed.numpy()
    assert examples.names is not None, "utterances have names"
    names = [os.fsdecode(name) for name in examples.names[~is_possible]]
    if not is_possible.any():
        raise UsageError(
            f"Every transcript is longer than the frames of its recording, as {names[0]}'s: they "
            "may belong to other recordings, or frames be too few (model.stacked_frames)."
        )
    if names:
        logger.warning(
            "%d of %d recordings have transcripts that are too long for their frames, so that no "
            "alignment is possible, and are left out: %s",
            len(names), len(examples), name_a_few([Path(name) for name in names]),
        )  # fmt: skip
    return examples[is_possible]


def network_inputs(columns: Columns) -> dict[str, tf.Tensor]:
    """What a network takes of a batch."""
    return {
        "waveform": to_floats(columns["waveform"]),
        "num_samples": columns["num_samples"],
    }


def network_targets(columns: Columns) -> dict[str, tf.Tensor]:
    """What a network learns from a batch."""
    return {"labels": columns["labels"], "num_labels": columns["num_labels"]}


def at_other_speeds(
    inputs: dict[str, tf.Tensor], draws: tf.Tensor, most: float
) -> dict[str, tf.Tensor]:
    """What a network takes, faster or slower by up to the fraction `most`, and higher or lower with
    it (Ko et al. 2015, "Audio augmentation for speech recognition").

    draws: float [N], uniform in [0, 1).
    """
    waveform, num_samples = inputs["waveform"], inputs["num_samples"]
    length = tf.shape(waveform)[1]
    speed = 1.0 + most * (2.0 * draws - 1.0)
    longest = tf.cast(tf.math.ceil(tf.cast(length, tf.float32) / (1.0 - most)), tf.int32)
    place = speed[:, None] * tf.range(longest, dtype=tf.float32)
    before = tf.minimum(tf.cast(place, tf.int32), length)
    share = place - tf.floor(place)
    silent_after = tf.pad(waveform, [[0, 0], [0, 2]])
    first = tf.gather(silent_after, before, batch_dims=1)
    second = tf.gather(silent_after, before + 1, batch_dims=1)
    changed = tf.cast(tf.cast(num_samples, tf.float32) / speed, tf.int32)
    waveform = tf.ensure_shape(first + share * (second - first), [waveform.shape[0], None])
    return {"waveform": waveform, "num_samples": tf.maximum(changed, 1)}


def _labels(transcripts: Sequence[str], letters: str) -> dict[str, np.ndarray]:
    number = {letter: place for place, letter in enumerate(letters)}
    rows = [[number[letter] for letter in text] for text in transcripts]
    lengths = np.array([len(row) for row in rows], np.int32)
    labels = np.zeros((len(rows), max(lengths, default=0)), np.int32)
    for row, numbers in enumerate(rows):
        labels[row, : len(numbers)] = numbers
    return {"labels": labels, "num_labels": lengths}


def _texts(texts: Sequence[str]) -> np.ndarray:
    return np.array([text.encode() for text in texts], object)

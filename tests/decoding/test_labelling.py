"""The beam of prefixes finds what looking at every path finds; so does the loss."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from dlapps.decoding.labelling import NOTHING, best_path, prefix_beam_search
from dlapps.decoding.ngram import learn_ngram
from dlapps.losses.ctc import ctc_loss, fewest_frames

BLANK, NUM_FRAMES = 2, np.array([5, 3, 1, 4])


@pytest.fixture
def log_probabilities() -> np.ndarray:
    logits = 1.5 * np.random.default_rng(5).standard_normal((4, 5, BLANK + 1))
    return np.asarray(tf.nn.log_softmax(logits.astype(np.float32)))


def labels_of(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(label for label, _ in itertools.groupby(path) if label != BLANK)


def every_labelling(frames: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of all labels that these frames can say, summed path by path."""
    chances: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(BLANK + 1), repeat=len(frames)):
        chance = np.exp(sum(frame[label] for frame, label in zip(frames, path, strict=True)))
        chances[labels_of(path)] = chances.get(labels_of(path), 0.0) + float(chance)
    return chances


def without_padding(labels: tf.Tensor) -> list[tuple[int, ...]]:
    return [tuple(int(each) for each in row if each != NOTHING) for row in labels]


def search(log_probabilities, num_frames: np.ndarray, **options) -> np.ndarray:
    found = tf.function(lambda x, lengths: prefix_beam_search(x, lengths, **options))
    return found(tf.constant(log_probabilities), tf.constant(num_frames)).numpy()


def test_the_loss_sums_over_all_alignments(log_probabilities):
    labels = np.array([[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0]])
    num_labels = np.array([3, 1, 1, 0])
    losses = ctc_loss(*map(tf.constant, (labels, log_probabilities, num_labels, NUM_FRAMES)))
    for row, frames in enumerate(log_probabilities):
        chances = every_labelling(frames[: NUM_FRAMES[row]])
        chance = chances[tuple(labels[row, : num_labels[row]].tolist())]
        np.testing.assert_allclose(losses[row], -np.log(chance), rtol=1e-5)
    fewest = fewest_frames(tf.constant(labels), tf.constant(num_labels))
    assert fewest.numpy().tolist() == [4, 1, 1, 0]


def test_the_best_path_is_found_without_what_lies_behind_the_end(log_probabilities):
    found = without_padding(best_path(tf.constant(log_probabilities), NUM_FRAMES)[:, 0])
    for frames, length, labels in zip(log_probabilities, NUM_FRAMES, found, strict=True):
        assert labels == labels_of(tuple(frames[:length].argmax(axis=-1)))


@pytest.mark.parametrize(("weight", "bonus"), [(0.0, 0.0), (0.8, 0.0), (1.5, 0.7)])
def test_a_wide_beam_ranks_all_labels_as_looking_at_every_path_does(
    log_probabilities, weight, bonus
):
    ngram = learn_ngram([[0, 1, 1], [0, 1], [1]], BLANK, order=3)

    def rank(labels: tuple[int, ...], chance: float) -> float:
        context, total = ngram.start, 0.0
        for label in (*labels, BLANK):
            total += float(ngram.log_probabilities[context, label])
            context = ngram.following[context, label] if label < BLANK else context
        return np.log(chance) + weight * total + bonus * len(labels)

    options = {"ngram": ngram, "ngram_weight": weight, "label_bonus": bonus}
    found = search(log_probabilities, NUM_FRAMES, beam_width=64, **options)
    for frames, length, rows in zip(log_probabilities, NUM_FRAMES, found, strict=True):
        chances = every_labelling(frames[:length])
        expected = sorted(chances, key=lambda labels: -rank(labels, chances[labels]))
        assert without_padding(rows)[: len(expected)] == expected


def test_a_narrow_beam_never_holds_the_same_labels_twice():
    logits = np.random.default_rng(0).standard_normal((8, 30, 6)).astype(np.float32)
    found = search(tf.nn.log_softmax(logits), np.full(8, 30), beam_width=12)
    for rows in found:
        assert len(set(without_padding(rows))) == 12

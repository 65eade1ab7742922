"""An n-gram that knows what tends to follow what (Shannon 1948), smoothed as Witten and Bell do
(1991, "The zero-frequency problem"), as two tables that a graph can look things up in."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Context = tuple[int, ...]


class Ngram(NamedTuple):
    """C contexts, which are the labels before as far as known, and what they say of V labels."""

    log_probabilities: np.ndarray
    """float32 [C, V + 1]: of each label after a context, and last that the sequence ends."""
    following: np.ndarray
    """int32 [C, V]: the context after each label."""
    start: int
    """The context in which sequences begin."""

    @classmethod
    def indifferent(cls, num_labels: int) -> "Ngram":
        """One to which all is alike, of a single context."""
        shape = (1, num_labels)
        return cls(np.zeros((1, num_labels + 1), np.float32), np.zeros(shape, np.int32), 0)


def learn_ngram(sequences: Sequence[Sequence[int]], num_labels: int, order: int) -> Ngram:
    """The n-gram of sequences of labels 0 to num_labels - 1, which looks at order - 1 of them.

    Each context mixes what followed it with what its own end, one label shorter, says: the more
    different labels followed it, the more does the latter count. The shortest mixes with all alike.
    """
    counts = _count(sequences, num_labels, order)
    contexts = sorted(counts, key=len)
    number = {context: place for place, context in enumerate(contexts)}
    probabilities = np.empty((len(contexts), num_labels + 1))
    following = np.empty((len(contexts), num_labels), np.int32)
    for place, context in enumerate(contexts):
        shorter = probabilities[number[context[1:]]] if context else 1 / (num_labels + 1)
        followers = counts[context]
        seen = np.zeros(num_labels + 1)
        seen[list(followers)] = list(followers.values())
        mixed = seen + len(followers) * shorter
        probabilities[place] = mixed / (seen.sum() + len(followers))
        following[place] = [
            number[_longest_known((*context, label), number, order)] for label in range(num_labels)
        ]
    start = number[_longest_known((num_labels,), number, order)]
    return Ngram(np.log(probabilities).astype(np.float32), following, start)


def _count(
    sequences: Sequence[Sequence[int]], num_labels: int, order: int
) -> dict[Context, Counter[int]]:
    """How often each label followed each context of up to order - 1 labels.

    Label num_labels stands for the beginning of a sequence and for its end.
    """
    counts: dict[Context, Counter[int]] = defaultdict(Counter)
    for sequence in sequences:
        whole = (num_labels, *sequence, num_labels)
        for place in range(1, len(whole)):
            for start in range(max(place - order + 1, 0), place + 1):
                counts[whole[start:place]][whole[place]] += 1
    return counts


def _longest_known(labels: Context, number: dict[Context, int], order: int) -> Context:
    """The longest end of these labels, below `order`, that is a context."""
    labels = labels[max(len(labels) - order + 1, 0) :]
    while labels not in number:
        labels = labels[1:]
    return labels

"""Subwords by byte-pair encoding (Sennrich, Haddow, Birch 2016, "Neural machine translation of rare
words with subword units")."""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from dlapps.data.text.tokenization import join_characters, normalize

Merges = tuple[tuple[str, str], ...]

LONGEST_WORD = 50
"""Characters after which a word is continued as another, so that no text takes long to merge."""
_BREAK = "\x01"
_NEVER = 2**31 - 1


class Subwords(tf.Module):
    """Texts to subwords and back, by `merges`: pairs of subwords, in the order they are joined.

    A word is its characters at first, the space before it among them. Then the pair that comes
    first in `merges` is joined, again and again. A word of which all characters are known is known.
    """

    def __init__(self, merges: Merges):
        super().__init__(name="subwords")
        pairs = [_BREAK.join(pair) for pair in merges] or [_BREAK]
        self._ranks = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(pairs, tf.range(len(pairs))), default_value=_NEVER
        )

    def split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """The subwords [N, None] of texts [N]."""
        words = split_spaced_words(texts)
        different, rows = tf.unique(words.flat_values)
        subwords = tf.gather(self._merged(different), rows)
        return words.with_flat_values(subwords).merge_dims(1, 2)

    def join(self, tokens: tf.Tensor) -> tf.Tensor:
        """The texts [N] of which `tokens` [N, T] are the subwords."""
        return tf.strings.strip(join_characters(tokens))

    def _merged(self, words: tf.Tensor) -> tf.RaggedTensor:
        """The subwords of each word alone."""
        symbols = tf.strings.unicode_split(words, "UTF-8").to_tensor("")

        def first_of(symbols: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            """The lowest rank among the pairs of each word, and where it is."""
            pairs = symbols[:, :-1] + _BREAK + symbols[:, 1:]
            ranks = tf.pad(self._ranks.lookup(pairs), [[0, 0], [0, 1]], constant_values=_NEVER)
            return tf.reduce_min(ranks, axis=1), tf.argmin(ranks, axis=1, output_type=tf.int32)

        def merge(symbols: tf.Tensor, ranks: tf.Tensor, places: tf.Tensor) -> tuple:
            places = tf.where(ranks < _NEVER, places, tf.shape(symbols)[1])[:, None]
            columns = tf.range(tf.shape(symbols)[1])[None]
            following = tf.pad(symbols[:, 1:], [[0, 0], [0, 1]], constant_values="")
            joined = tf.where(columns == places, symbols + following, symbols)
            symbols = tf.where(columns > places, following, joined)
            return symbols, *first_of(symbols)

        symbols, *_ = tf.while_loop(
            lambda _, ranks, places: tf.reduce_any(ranks < _NEVER),
            merge,
            (symbols, *first_of(symbols)),
        )
        return tf.ragged.boolean_mask(symbols, symbols != "")


def split_spaced_words(texts: tf.Tensor) -> tf.RaggedTensor:
    """The words and marks [N, None] of texts [N], each with the space before it, if there is one.

    The first of a text has one too, so that it is the same word there as elsewhere.
    """
    spaced = tf.strings.regex_replace(normalize(texts), "^(.)", r" \1")
    marked = tf.strings.regex_replace(spaced, r"( ?(?:[\pL\pM\pN]+|[^\pL\pM\pN ]))", rf"\1{_BREAK}")
    # By a pattern of its own: letters by the fifty, of any script, are too much for one.
    marked = tf.strings.regex_replace(marked, rf"([^{_BREAK}]{{{LONGEST_WORD}}})", rf"\1{_BREAK}")
    words = tf.strings.split(marked, _BREAK)
    return tf.ragged.boolean_mask(words, words != "")


class Tokens(NamedTuple):
    """What a vocabulary is made of."""

    tokens: tuple[str, ...]
    merges: Merges = ()
    """How those that are subwords are made; see Subwords."""


def learn_subwords(texts: Sequence[str], num_merges: int, min_count: int) -> Tokens:
    """The subwords of `texts`, characters first, and the merges by which they are made.

    The pair that is joined next is the most frequent one; of two as frequent, the first in the
    alphabet. There are fewer than `num_merges` where no other pair occurs `min_count` times, or
    twice. Characters that occur less than `min_count` times are left out.
    """
    found = Counter(split_spaced_words(tf.constant(texts)).flat_values.numpy().tolist())
    words = [list(word.decode()) for word in found]
    counts = list(found.values())
    characters: Counter[str] = Counter()
    for word, count in zip(words, counts, strict=True):
        for character in word:
            characters[character] += count
    frequent = [one for one, count in characters.items() if count >= min_count]
    pairs = _PairCounts(words, counts)
    merges: list[tuple[str, str]] = []
    while len(merges) < num_merges:
        count, pair = pairs.most_frequent()
        if count < max(min_count, 2):
            break
        pairs.join(pair)
        merges.append(pair)
    alphabet = sorted(frequent, key=lambda one: (-characters[one], one))
    joined = (first + second for first, second in merges)
    return Tokens(tuple(dict.fromkeys([*alphabet, *joined])), tuple(merges))


class _PairCounts:
    """How often each two symbols are neighbours in words, while symbols are joined."""

    def __init__(self, words: list[list[str]], counts: Sequence[int]):
        self._words = words
        self._word_counts = counts
        self._counts: Counter[tuple[str, str]] = Counter()
        self._words_with: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for number in range(len(words)):
            self._count(number, 1)
        self._queue = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._queue)

    def most_frequent(self) -> tuple[int, tuple[str, str]]:
        """The count and the pair; a count of 0 where no two symbols are neighbours."""
        while self._queue:
            count, pair = self._queue[0]
            if self._counts[pair] == -count:
                return -count, pair
            heapq.heappop(self._queue)  # The count has changed since; a newer one is in the queue.
        return 0, ("", "")

    def join(self, pair: tuple[str, str]) -> None:
        """Makes one symbol of the two, wherever they are neighbours."""
        changed: set[tuple[str, str]] = set()
        for number in self._words_with.pop(pair):
            changed |= self._count(number, -1)
            self._words[number] = _joined(self._words[number], pair)
            changed |= self._count(number, 1)
        for changed_pair in changed:
            heapq.heappush(self._queue, (-self._counts[changed_pair], changed_pair))

    def _count(self, number: int, sign: int) -> set[tuple[str, str]]:
        word = self._words[number]
        neighbours = list(itertools.pairwise(word))
        for pair in neighbours:
            self._counts[pair] += sign * self._word_counts[number]
            self._words_with[pair].add(number)
        return set(neighbours)


def _joined(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    position = 0
    while position < len(symbols):
        is_pair = tuple(symbols[position : position + 2]) == pair
        joined.append("".join(pair) if is_pair else symbols[position])
        position += 2 if is_pair else 1
    return joined

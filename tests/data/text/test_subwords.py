"""Byte-pair encoding is Sennrich's: learned pair by pair, applied in the order it was learned."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from dlapps.data.text.subwords import LONGEST_WORD, Subwords, learn_subwords, split_spaced_words
from dlapps.data.text.vocabulary import UNKNOWN, Vocabulary, learn_tokens
from dlapps.datasets.number_words import number_words


def subwords(text: str, merges) -> list[str]:
    return [token.decode() for token in Subwords(merges).split(tf.constant([text])).numpy()[0]]


def test_the_most_frequent_pair_is_joined_first():
    """The dictionary of the paper: low (5), lowest (2), newer (6), wider (3)."""
    texts = ["low"] * 5 + ["lowest"] * 2 + ["newer"] * 6 + ["wider"] * 3
    tokens, merges = learn_subwords(texts, 4, 1)
    assert merges == (("e", "r"), (" ", "l"), (" l", "o"), (" lo", "w"))
    assert tokens[-4:] == ("er", " l", " lo", " low")
    assert subwords("Lower", merges) == [" low", "er"]


def test_merges_that_hardly_occur_are_not_learned():
    tokens, merges = learn_subwords(["aa ab", "ab"], 100, 1)
    assert merges == ((" ", "a"), (" a", "b"))
    assert tokens == ("a", " ", "b", " a", " ab")
    assert learn_subwords(["aa ab", "ab"], 100, 3).merges == ((" ", "a"),)


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    rng = np.random.default_rng(0)
    numbers = [pair[0] for pair in number_words()["train"]]
    return [f"{one}, {other}!" for one, other in rng.choice(numbers, [1000, 2])]


def test_words_are_split_as_joining_the_first_pair_again_and_again_would(sentences):
    merges = learn_subwords(sentences, 150, 1).merges
    ranks = {pair: rank for rank, pair in enumerate(merges)}

    def one_by_one(symbols: list[str]) -> list[str]:
        pairs = list(itertools.pairwise(symbols))
        known = [(ranks[pair], place) for place, pair in enumerate(pairs) if pair in ranks]
        if not known:
            return symbols
        _, place = min(known)
        joined = "".join(pairs[place])
        return one_by_one([*symbols[:place], joined, *symbols[place + 2 :]])

    for text in [*sentences[:20], "Aaaaaaah, eineinein!"]:
        words = split_spaced_words(tf.constant([text])).numpy()[0]
        expected = [part for word in words for part in one_by_one(list(word.decode()))]
        assert subwords(text, merges) == expected


@pytest.mark.parametrize(
    "text", ["twenty-seven, (really)", "¿qué? ¡sí!", "你好。世界。", "שלום, עולם", "👩‍🚀 in 🇪🇺", ""]
)
def test_joining_undoes_splitting(text):
    vocabulary = Vocabulary(*_learned([text or "a", text]))
    ids = vocabulary.encode(tf.constant([text]))
    assert vocabulary.decode(ids).numpy()[0].decode() == text
    assert UNKNOWN not in ids.numpy()


def _learned(texts: list[str]) -> tuple:
    tokens, merges = learn_tokens(texts, "subwords", 1, 20)
    return tokens, "subwords", merges


def test_new_words_of_known_letters_are_known():
    vocabulary = Vocabulary(*_learned(["lowest newer", "lowest wider"]))
    tokens, known = vocabulary.read("Dew, lowered")
    assert tokens == ["␣", "d", "e", "w", ",", "␣lowe", "r", "e", "d"]
    assert [token for token, one in zip(tokens, known, strict=True) if not one] == [","]


def test_an_endless_word_is_continued_as_another():
    merges = (("z", "z"), ("zz", "zz"))
    tokens = subwords("z" * 20_000, merges)
    assert "".join(tokens) == " " + "z" * 20_000
    assert len(tokens) == pytest.approx(20_000 / 4, rel=4 / LONGEST_WORD)

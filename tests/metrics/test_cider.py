"""CIDEr-D is what it is by hand, for captions few enough to count."""

import math

import pytest

from dlapps.metrics.cider import SIGMA, cider


def words(*texts: str) -> list[list[str]]:
    return [text.split() for text in texts]


def test_a_caption_like_its_reference_agrees_in_every_n_gram_that_it_has():
    # Two words have no 3- or 4-grams, one word not even a 2-gram: (2 + 1) / 2 photos / 4 orders.
    assert cider(words("a b", "c"), [words("a b"), words("c")]) == pytest.approx(10 * 3 / 8)


def test_what_is_said_of_every_photo_counts_for_nothing():
    references = [words("a dog"), words("a cat")]
    (dog, cat), log2 = references, math.log(2)
    # "a" weighs log(2/2) = 0, so that of the unigrams the noun alone is left.
    assert cider(words("a a", "a cat"), [dog, cat]) == pytest.approx(10 * (0 + 2) / 4 / 2)
    # The word dog is clipped to once: log2 * log2 / (|2 log2| * |log2|) = 1/2; no common 2-gram.
    assert log2 * log2 / (2 * log2 * log2) == 0.5
    assert cider(words("dog dog", "x"), [dog, cat]) == pytest.approx(10 * 0.5 / 4 / 2)


def test_a_difference_in_length_is_punished():
    found = cider(words("dog dog dog", "x"), [words("a dog"), words("a cat")])
    assert found == pytest.approx(10 / 3 / 4 / 2 * math.exp(-1 / (2 * SIGMA**2)))


def test_references_count_alike_and_photos_too():
    one = cider(words("dog", "x"), [words("dog"), words("cat")])
    assert cider(words("dog", "x"), [words("dog", "cow"), words("cat")]) == pytest.approx(one / 2)


def test_one_photo_alone_tells_nothing():
    assert cider(words("a dog"), [words("a dog")]) == 0

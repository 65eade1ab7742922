"""Captions are scored against all their references, by their words alone."""

import pytest

from dlapps.metrics.captioning import caption_words, captioning_report


def test_words_are_without_case_and_punctuation():
    text = "A man's T-shirt , the dog 's toy ; 'hi' \"3\" ."
    assert caption_words(text) == ["a", "man's", "t-shirt", "the", "dog", "'s", "toy", "hi", "3"]


def test_a_caption_may_be_like_any_of_its_references():
    references = [["A dog runs fast .", "dog"], ["A big cat sat down", "The cat sat there .", "x"]]
    report = captioning_report(["a dog runs fast", "the cat sat there"], references)
    assert [report[f"bleu_{n}"] for n in range(1, 5)] == pytest.approx([100] * 4)
    assert (report["captions"], report["distinct_captions"]) == (2, 2)
    # Of 2 and of 3 references, one agrees in all four orders and "the cat sat there" shares more.
    assert report["cider"] > 10 * (1 / 2 + 1 / 3) / 2


def test_the_closest_reference_sets_the_length():
    # 3 of 3 words and 2 of 2 pairs are right; the closest reference has 4: exp(1 - 4 / 3).
    report = captioning_report(["a dog runs"], [["a dog runs fast", "a b c d e f"]])
    assert report["bleu_1"] == report["bleu_2"] == pytest.approx(71.653, abs=1e-3)
    # There is no sequence of four words, and nothing smooths it.
    assert report["bleu_4"] == 0


def test_equal_captions_are_counted_once():
    report = captioning_report(["A dog.", "a dog"], [["a dog"], ["a cat"]])
    assert report["distinct_captions"] == 1

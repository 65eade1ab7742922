"""BLEU is sacreBLEU's, without regard to case, and says how it was computed."""

import pytest

from dlapps.metrics.translation import bleu_by_length, translation_report

REFERENCES = ["A man is sleeping in a red hammock .", "Twenty-seven dogs run through the snow."]


def test_the_references_themselves_are_perfect_in_any_case():
    report = translation_report([text.lower() for text in REFERENCES], REFERENCES)
    assert report["bleu"] == pytest.approx(100)
    assert report["exact_match"] == 1
    assert report["sentences"] == 2
    assert "case:lc" in report["bleu_signature"]
    assert "tok:13a" in report["bleu_signature"]


def test_bleu_by_hand():
    """Four of five words, three of four pairs, two of three triples, one of two quadruples."""
    report = translation_report(["a b c d x"], ["a b c d e"])
    assert report["bleu"] == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    assert report["exact_match"] == 0


def test_chrf_counts_letters():
    report = translation_report(["the red hammocks"], ["The red hammock"])
    assert 80 < report["chrf"] < 100
    assert report["bleu"] < 60
    assert "case:lc" in report["chrf_signature"]
    assert translation_report(["a dog"], ["A dog"])["chrf"] == pytest.approx(100)


def test_long_sentences_are_scored_among_their_like():
    """Sentences of 1 to 20 words, each length twelve times; those beyond 10 words are wrong."""
    references = [" ".join(f"w{n}" for n in range(length)) for length in range(1, 21)] * 12
    references.append("x " * 99 + "x")
    lengths = [len(text.split()) for text in references]
    said = [text if length <= 9 else "y" for text, length in zip(references, lengths, strict=True)]
    buckets = bleu_by_length(said, references, lengths)
    assert [(bucket["shortest"], bucket["longest"]) for bucket in buckets] == [
        (1, 3), (4, 6), (7, 9), (10, 12), (13, 15), (16, 18), (19, 100),
    ]  # fmt: skip
    assert [bucket["sentences"] for bucket in buckets] == [36] * 6 + [25]
    assert [bucket["bleu"] for bucket in buckets[:3]] == pytest.approx([100] * 3)
    assert max(bucket["bleu"] for bucket in buckets[3:]) < 1


def test_sentences_of_one_length_are_one_bucket():
    (bucket,) = bleu_by_length(["a", "b"], ["a", "a"], [3, 3])
    assert (bucket["shortest"], bucket["longest"], bucket["sentences"]) == (3, 3, 2)

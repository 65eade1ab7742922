"""BLEU is sacreBLEU's, without regard to case, and says how it was computed."""

import pytest

from dlapps.metrics.translation import translation_report

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

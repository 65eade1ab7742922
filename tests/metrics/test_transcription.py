"""Errors are counted in words where there are words, else in labels, and by speaker."""

import pytest

from dlapps.metrics.transcription import rate_by_speaker, transcription_report

REFERENCES = ["ONE TWO", "A B C D"]
TRANSCRIPTS = ["ONE TOO", "A B C D E"]


def test_errors_of_words_and_of_characters():
    report = transcription_report(TRANSCRIPTS, REFERENCES, has_words=True)
    # One substituted and one inserted of six words; "W" and " E" of fourteen characters.
    assert report["word_error_rate"] == pytest.approx(100 * 2 / 6)
    assert report["character_error_rate"] == pytest.approx(100 * 3 / 14)
    assert (report["substitutions"], report["insertions"], report["deletions"]) == (1, 1, 0)
    assert (report["exact"], report["utterances"]) == (0, 2)


def test_errors_of_labels_where_there_are_no_words():
    report = transcription_report(["1*", "", "07"], ["1*0", "4", "07"], has_words=False)
    assert report["label_error_rate"] == pytest.approx(100 * 2 / 6)
    assert "word_error_rate" not in report
    assert report["deletions"] == 2
    assert report["exact"] == pytest.approx(1 / 3)


def test_the_worst_speaker_comes_first():
    rates = rate_by_speaker(
        ["1", "23", "9"], ["1", "22", "8"], ["anna", "anna", "ben"], has_words=False
    )
    assert [*rates.items()] == [("ben", 100), ("anna", pytest.approx(100 / 3))]

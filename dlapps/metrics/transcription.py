"""How much of what is said is transcribed wrongly: error rates of words and of characters, by the
edit distance (Levenshtein 1966) as jiwer counts it."""

from collections.abc import Sequence
from typing import Any

import jiwer


def transcription_report(
    transcripts: Sequence[str], references: Sequence[str], has_words: bool
) -> dict[str, Any]:
    """The share of errors, in percent of the references, and that of what is `exact`, in 0 to 1.

    Errors are substitutions, deletions and insertions of words (`word_error_rate`) and of
    characters (`character_error_rate`), spaces among them; where there are no words, of labels
    (`label_error_rate`). The three kinds are counted by name.
    """
    characters = jiwer.process_characters([*references], [*transcripts])
    words = jiwer.process_words([*references], [*transcripts])
    rates = {"label_error_rate": 100 * characters.cer}
    if has_words:
        rates = {
            "word_error_rate": 100 * words.wer,
            "character_error_rate": 100 * characters.cer,
        }
    counted = words if has_words else characters
    exact = [said == wanted for said, wanted in zip(transcripts, references, strict=True)]
    return {
        **rates,
        "substitutions": counted.substitutions,
        "deletions": counted.deletions,
        "insertions": counted.insertions,
        "exact": sum(exact) / len(exact),
        "utterances": len(exact),
    }


def error_rate_name(has_words: bool) -> str:
    """The rate that counts most."""
    return "word_error_rate" if has_words else "label_error_rate"


def rate_by_speaker(
    transcripts: Sequence[str],
    references: Sequence[str],
    speakers: Sequence[str],
    has_words: bool,
) -> dict[str, float]:
    """The rate that counts most for each speaker, the worst first."""
    name = error_rate_name(has_words)
    rows: dict[str, list[int]] = {}
    for row, speaker in enumerate(speakers):
        rows.setdefault(speaker, []).append(row)
    rates = {
        speaker: transcription_report(
            [transcripts[row] for row in own], [references[row] for row in own], has_words
        )[name]
        for speaker, own in rows.items()
    }
    return dict(sorted(rates.items(), key=lambda item: (-item[1], item[0])))

"""How good translations are: BLEU (Papineni et al. 2002) and chrF (Popović 2015), as sacreBLEU
(Post 2018) scores them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

NUM_BUCKETS = 8
FEWEST_IN_BUCKET = 10


def translation_report(translations: Sequence[str], references: Sequence[str]) -> dict[str, Any]:
    """The corpus BLEU and chrF, both in percent and with signatures, and the share that is exact.

    All ignore case, and exactness how words are spaced.
    """
    bleu, chrf = BLEU(lowercase=True), CHRF(lowercase=True)
    exact = [_plain(a) == _plain(b) for a, b in zip(translations, references, strict=True)]
    return {
        "bleu": bleu.corpus_score(translations, [references]).score,
        "bleu_signature": str(bleu.get_signature()),
        "chrf": chrf.corpus_score(translations, [references]).score,
        "chrf_signature": str(chrf.get_signature()),
        "exact_match": sum(exact) / len(exact),
        "sentences": len(exact),
    }


def bleu_by_length(
    translations: Sequence[str], references: Sequence[str], lengths: Sequence[int]
) -> list[dict[str, Any]]:
    """The BLEU of sentences of about one length, from `shortest` to `longest`, and their number.

    At most NUM_BUCKETS groups, equally wide but for the last, which goes on until it has
    FEWEST_IN_BUCKET sentences. Where no reference has four words, shorter n-grams count alone.
    """
    bleu = BLEU(lowercase=True, effective_order=True)
    buckets = _buckets(np.asarray(lengths))
    return [
        {
            "shortest": shortest,
            "longest": longest,
            "sentences": len(rows),
            "bleu": bleu.corpus_score(
                [translations[row] for row in rows], [[references[row] for row in rows]]
            ).score,
        }
        for shortest, longest, rows in buckets
        if len(rows)
    ]


def _buckets(lengths: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    """The first and the last length of each bucket, and the rows in it."""
    longest = int(lengths.max())
    # What few sentences are longer than would only make every bucket wide.
    usual = np.sort(lengths)[-min(FEWEST_IN_BUCKET, len(lengths))]
    shortest = int(lengths.min())
    width = math.ceil((usual - shortest + 1) / NUM_BUCKETS)
    starts = [*range(shortest, int(usual) + 1, width)]
    ends = [*(start - 1 for start in starts[1:]), longest]
    return [
        (start, end, np.flatnonzero((lengths >= start) & (lengths <= end)))
        for start, end in zip(starts, ends, strict=True)
    ]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())

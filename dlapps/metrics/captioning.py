"""How good captions are, by several references each: BLEU-1 to BLEU-4 and CIDEr-D."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from sacrebleu.metrics import BLEU

from dlapps.metrics.cider import LONGEST, cider

_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*|['\u2019]s\b")


def caption_words(text: str) -> list[str]:
    """The words of a caption in lower case, without punctuation but inside of a word."""
    return _WORD.findall(text.lower())


def captioning_report(captions: Sequence[str], references: Sequence[Sequence[str]]) -> dict:
    """`bleu_1` to `bleu_4` in percent, `cider`, and how many captions there are and differ.

    BLEU (Papineni et al. 2002) is of the whole corpus, without smoothing: an n-gram counts as often
    as the reference that has it most often has it, and short captions are punished by the reference
    of the closest length. A photo may have any number of references. CIDEr-D is ten times the mean
    agreement. Both compare `caption_words`.
    """
    said = [caption_words(caption) for caption in captions]
    known = [[caption_words(text) for text in of_photo] for of_photo in references]
    report: dict[str, Any] = bleu_scores(said, known)
    return report | {
        "cider": cider(said, known),
        "captions": len(captions),
        "distinct_captions": len({*map(tuple, said)}),
    }


def bleu_scores(
    captions: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]
) -> dict[str, float]:
    """BLEU in percent of captions as words, by the longest n-grams that are counted."""
    texts = [" ".join(words) for words in captions]
    # sacreBLEU takes a first reference of all, a second of all, and so on; None where one has none.
    streams = [*zip_longest(*([" ".join(words) for words in photo] for photo in references))]
    scores = {}
    for longest in range(1, LONGEST + 1):
        bleu = BLEU(tokenize="none", smooth_method="none", max_ngram_order=longest)
        scores[f"bleu_{longest}"] = bleu.corpus_score(texts, streams).score
    return scores

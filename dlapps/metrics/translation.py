"""How good translations are: BLEU (Papineni et al. 2002) as sacreBLEU (Post 2018) scores it."""

from collections.abc import Sequence

from sacrebleu.metrics import BLEU


def translation_report(translations: Sequence[str], references: Sequence[str]) -> dict:
    """The corpus BLEU in percent with its signature, and the share of translations that are exact.

    Both ignore case, and exactness how words are spaced.
    """
    bleu = BLEU(lowercase=True)
    score = bleu.corpus_score(list(translations), [list(references)]).score
    exact = [_plain(a) == _plain(b) for a, b in zip(translations, references, strict=True)]
    return {
        "bleu": score,
        "bleu_signature": str(bleu.get_signature()),
        "exact_match": sum(exact) / len(exact),
        "sentences": len(exact),
    }


def _plain(text: str) -> str:
    return " ".join(text.lower().split())

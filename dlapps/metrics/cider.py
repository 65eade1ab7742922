"""CIDEr-D: how a caption agrees with what people say of a photo (Vedantam, Zitnick, Parikh 2015,
"CIDEr: consensus-based image description evaluation")."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

LONGEST = 4
"""N-grams of one to four words are compared."""
SIGMA = 6.0
"""By how many words a caption may be longer or shorter than a reference, about."""

Words = Sequence[str]
Counts = Mapping[tuple[str, ...], float]


def cider(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> float:
    """The mean over all photos of ten times the agreement of a caption with its references.

    Captions and references come as words; each photo may have any number of references. An n-gram
    counts the more the fewer photos it is said of, judged by these references themselves: with one
    photo alone, all counts are 0. Captions of the same words in other numbers than a reference has
    are clipped, and a difference in length is punished (CIDEr-D); words are not stemmed.
    """
    weights = _weights(references)
    scores = [
        _agreement(_vectors(caption, weights), [_vectors(words, weights) for words in of_photo])
        for caption, of_photo in zip(captions, references, strict=True)
    ]
    return 10 * sum(scores) / len(scores)


class _Vectors(NamedTuple):
    """A caption as weighted counts of n-grams, one vector for each n."""

    counts: Sequence[Counts]
    norms: Sequence[float]
    length: int


class _Weights(NamedTuple):
    """How much an n-gram counts: the logarithm of the share of photos it is said of, negated."""

    photos: int
    photos_with: Mapping[tuple[str, ...], int]

    def of(self, n_gram: tuple[str, ...]) -> float:
        return math.log(self.photos / max(1, self.photos_with.get(n_gram, 0)))


def _weights(references: Sequence[Sequence[Words]]) -> _Weights:
    photos_with: Counter[tuple[str, ...]] = Counter()
    for of_photo in references:
        photos_with.update(
            {n_gram for words in of_photo for n in _orders() for n_gram in _n_grams(words, n)}
        )
    return _Weights(len(references), photos_with)


def _vectors(words: Words, weights: _Weights) -> _Vectors:
    counts = [
        {
            n_gram: count * weights.of(n_gram)
            for n_gram, count in Counter(_n_grams(words, n)).items()
        }
        for n in _orders()
    ]
    norms = [math.sqrt(sum(count**2 for count in of_order.values())) for of_order in counts]
    return _Vectors(counts, norms, len(words))


def _agreement(caption: _Vectors, references: Sequence[_Vectors]) -> float:
    """The mean cosine over the references and the lengths of n-grams, from 0 to 1."""
    return sum(_cosine(caption, reference) for reference in references) / len(references)


def _cosine(caption: _Vectors, reference: _Vectors) -> float:
    total = 0.0
    for of_caption, of_reference, *norms in zip(
        caption.counts, reference.counts, caption.norms, reference.norms, strict=True
    ):
        common = of_caption.keys() & of_reference.keys()
        product = sum(min(of_caption[g], of_reference[g]) * of_reference[g] for g in sorted(common))
        total += product / math.prod(norms) if all(norms) else 0.0
    difference = caption.length - reference.length
    return total / LONGEST * math.exp(-(difference**2) / (2 * SIGMA**2))


def _orders() -> range:
    return range(1, LONGEST + 1)


def _n_grams(words: Words, n: int) -> Iterable[tuple[str, ...]]:
    return (tuple(words[start : start + n]) for start in range(len(words) - n + 1))

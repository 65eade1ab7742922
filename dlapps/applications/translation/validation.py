"""Choosing a translator by its translations: BLEU on the validation split, while it is trained."""

from collections.abc import Callable, Collection

from dlapps.training.steps import Validation


class WithBleu:
    """What a Validation measures, and `bleu` of what is found by the search."""

    def __init__(self, metrics: Validation, bleu: Callable[[], float]):
        self._metrics, self._bleu = metrics, bleu

    def names(self) -> Collection[str]:
        return [*self._metrics.names(), "bleu"]

    def measure(self) -> dict[str, float]:
        return {**self._metrics.measure(), "bleu": self._bleu()}

"""Choosing a captioner by its captions: their scores on the validation split, while it learns."""

from collections.abc import Callable, Collection, Mapping

from dlapps.training.steps import Validation


class WithScores:
    """What a Validation measures, and the scores of what is found by the search."""

    def __init__(
        self,
        metrics: Validation,
        names: Collection[str],
        scores: Callable[[], Mapping[str, float]],
    ):
        self._metrics, self._names, self._scores = metrics, names, scores

    def names(self) -> Collection[str]:
        return [*self._metrics.names(), *self._names]

    def measure(self) -> dict[str, float]:
        return {**self._metrics.measure(), **self._scores()}

"""Where a training run stands: what a checkpoint remembers beside the variables."""

import dataclasses

from dlapps.training.settings import TrainingSettings


@dataclasses.dataclass(frozen=True)
class Progress:
    """The step a run has reached and what it has learned from validation."""

    step: int = 0
    best_step: int | None = None
    best_value: float | None = None
    validations_without_improvement: int = 0

    def after_validation(self, value: float, settings: TrainingSettings) -> "Progress":
        """The progress once `value` of the monitored metric was measured at this step."""
        stopping = settings.early_stopping
        margin = stopping.min_delta if stopping else 0.0
        sign = 1.0 if settings.mode == "max" else -1.0
        improved = self.best_value is None or sign * (value - self.best_value) > margin
        if improved:
            return dataclasses.replace(
                self, best_step=self.step, best_value=value, validations_without_improvement=0
            )
        return dataclasses.replace(
            self, validations_without_improvement=self.validations_without_improvement + 1
        )

    def at(self, step: int) -> "Progress":
        """The same progress at another step."""
        return dataclasses.replace(self, step=step)

    def is_stopped_early(self, settings: TrainingSettings) -> bool:
        """Whether patience has run out."""
        stopping = settings.early_stopping
        return bool(stopping) and self.validations_without_improvement >= stopping.patience

"""The settings of a classifier, and which of them go together."""

from collections.abc import Callable
from typing import Annotated

import keras
from pydantic import Field, model_validator

from dlapps.applications.classification.data import TEXT_NAMES, ClassificationData
from dlapps.applications.classification.uncertainty import ClassifierEvaluation
from dlapps.config.schema import Config
from dlapps.config.section import ClassifierRun, Positive, Section
from dlapps.models.classifier import LossSettings
from dlapps.models.kernels import KernelSettings
from dlapps.models.text.recurrent_classifier import recurrent_classifier
from dlapps.models.text.transformer_classifier import transformer_classifier

TEXT_MODELS: dict[str, Callable[..., keras.Model]] = {
    "recurrent_classifier": recurrent_classifier,
    "transformer_classifier": transformer_classifier,
}


class Transfer(Section):
    """Begins with layers that were trained before: at first frozen, then trained with the rest.

    They are those of another run (`run` and `layer`), on which `model` is built; or else the
    backbone of the model `pretrained`.
    """

    run: ClassifierRun | None = None
    """The finished run whose network is the backbone."""
    layer: str | None = None
    """The last of its layers that is taken over; `model` is built on what it gives."""
    frozen_steps: Positive = 200
    """Steps in which only the head learns, before the training.steps in which all does."""
    frozen_learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Its learning rate in those; left out, training.learning_rate, which is that of the rest."""

    @model_validator(mode="after")
    def _check_layer(self):
        if (self.run is None) != (self.layer is None):
            raise ValueError("run and layer go together: the layer is one of that run's network")
        return self


class ClassificationConfig(Config):
    """The settings of a classifier."""

    data: ClassificationData
    loss: LossSettings = LossSettings()
    kernels: KernelSettings = KernelSettings()
    evaluation: ClassifierEvaluation = ClassifierEvaluation()
    transfer: Transfer | None = None
    """Where given, training has two stages: the backbone is frozen, then thawed."""

    @model_validator(mode="after")
    def _check_transfer(self):
        is_pretrained = self.model.get("name") == "pretrained"
        if self.transfer is not None and (self.transfer.run is None) != is_pretrained:
            raise ValueError(
                "transfer is from another run (transfer.run and transfer.layer) or, without them, "
                "from the backbone of model.name pretrained"
            )
        if is_pretrained and self.kernels.initializer is not None:
            raise ValueError(
                "kernels.initializer would draw the pretrained kernels anew: leave it out"
            )
        return self

    @model_validator(mode="after")
    def _check_kind(self):
        # A list: what a user may have written for the name need not be hashable.
        takes_texts, is_text = (
            self.model.get("name") in [*TEXT_MODELS],
            self.data.name in TEXT_NAMES,
        )
        if is_text and not takes_texts:
            raise ValueError(
                f"data.name {self.data.name} is texts, which are read by model.name "
                f"{' or '.join(TEXT_MODELS)}"
            )
        if takes_texts and not is_text:
            raise ValueError(
                f"model.name {self.model['name']} reads texts: data.name {' or '.join(TEXT_NAMES)}"
            )
        if is_text and (self.transfer is not None or self.evaluation.monte_carlo_samples):
            raise ValueError(
                "transfer and evaluation.monte_carlo_samples are for images and points, not texts"
            )
        return self

"""What makes a network with logits a classifier, whatever it classifies."""

from typing import Annotated, Literal

import keras
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.config.section import Fraction, Section
from dlapps.losses.classification import ClassificationLoss
from dlapps.metrics.label_accuracy import LabelAccuracy


class LossSettings(Section):
    """What a classifier is trained by; `ClassificationLoss` says what each is."""

    name: Literal[
        "crossentropy", "binary_crossentropy", "mean_squared_error", "hinge", "kullback_leibler",
        "focal",
    ] = "crossentropy"  # fmt: skip
    label_smoothing: Fraction = 0.0
    """The part of a label that goes to all classes alike."""
    gamma: Annotated[float, Field(ge=0)] = 2.0
    """focal: how much less an example counts that is answered well."""

    @model_validator(mode="after")
    def _check_gamma(self):
        if "gamma" in self.model_fields_set and self.name != "focal" and self.gamma != 2.0:
            raise ValueError(f"gamma is for the loss focal; {self.name} has none")
        return self


def compile_classifier(
    model: keras.Model, optimizer: keras.Optimizer, loss: LossSettings | None = None
) -> None:
    """Prepares a model whose outputs are logits [N, C] for training on labels [N] or shares."""
    settings = loss or LossSettings()
    model.compile(
        optimizer=optimizer,
        loss=ClassificationLoss(settings.name, settings.label_smoothing, settings.gamma),
        metrics=[LabelAccuracy()],
    )


def classify(model: keras.Model, x: tf.Tensor) -> tf.Tensor:
    """The probabilities [N, C] of a model whose outputs are logits.

    A perceptron's net inputs are treated alike, by convention: its probabilities rank the classes
    but are not calibrated.
    """
    return tf.nn.softmax(tf.cast(model(x, training=False), tf.float32))


def layers_with_maps(model: keras.Model) -> list[str]:
    """The names of the layers that give maps [N, h, w, C] of several places, from the first on.

    Where a network has convolved, they tell what it saw where; before, they are the image itself.
    """
    found, has_convolved = [], False
    for layer in model.layers:
        has_convolved = has_convolved or isinstance(layer, keras.layers.Conv2D)
        shape = layer.output.shape
        if has_convolved and len(shape) == 4 and shape[1:3] != (1, 1):
            found.append(layer.name)
    return found

"""GoogLeNet (Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich 2014,
"Going deeper with convolutions")."""

from typing import Annotated, Any, NamedTuple

import keras
import tensorflow as tf
from keras import layers, ops
from pydantic import Field

from dlapps.config.section import Fraction
from dlapps.layers.auxiliary_outputs import AuxiliaryOutputs
from dlapps.layers.batch_normalization import BatchNormalization
from dlapps.layers.local_response_normalization import LocalResponseNormalization
from dlapps.models.loss_scaling import scaled_loss
from dlapps.models.vision.images import image_input
from dlapps.models.vision.pooling import overlapping_max_pooling

AUXILIARY_DROPOUT = 0.7


class Widths(NamedTuple):
    """The channels of an inception module's convolutions, as the columns of the paper's table."""

    one: int
    three_reduced: int
    three: int
    five_reduced: int
    five: int
    pooled: int


INCEPTIONS = {
    "3a": Widths(64, 96, 128, 16, 32, 32),
    "3b": Widths(128, 128, 192, 32, 96, 64),
    "4a": Widths(192, 96, 208, 16, 48, 64),
    "4b": Widths(160, 112, 224, 24, 64, 64),
    "4c": Widths(128, 128, 256, 24, 64, 64),
    "4d": Widths(112, 144, 288, 32, 64, 64),
    "4e": Widths(256, 160, 320, 32, 128, 128),
    "5a": Widths(256, 160, 320, 32, 128, 128),
    "5b": Widths(384, 192, 384, 48, 128, 128),
}
POOLED = ("3b", "4e")
AUXILIARY = {"4a": "auxiliary1", "4d": "auxiliary2"}
"""The modules whose maps a head of its own classifies in training, and the names of the heads."""


@keras.saving.register_keras_serializable("dlapps")
class GoogLeNet(keras.Model):
    """Learns from its logits and, `auxiliary_weight` times as much, from those of two early heads.

    Nothing else sees the heads: the model's outputs are its own logits, and the loss it reports is
    that of these alone, in training as in evaluation.
    """

    def __init__(self, *args, auxiliary_weight: float = 0.3, **kwargs):
        super().__init__(*args, **kwargs)
        self.auxiliary_weight = auxiliary_weight

    def train_step(self, data):
        """One update by a batch (x, y) or (x, y, weights)."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        heads = [self.get_layer(name).output for name in AUXILIARY.values()]
        # Made of this model's own layers, in no time; kept, Keras would save them twice.
        with_heads = keras.Model(self.input, [self.output, *heads])
        weights = self.trainable_variables
        with tf.GradientTape() as tape:
            logits, *auxiliary = with_heads(x, training=True)
            loss = self.compute_loss(x, y, logits, sample_weight)
            early = [self.compute_loss(x, y, early, sample_weight) for early in auxiliary]
            scaled = scaled_loss(loss + self.auxiliary_weight * sum(early), self.optimizer)
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        return self.compute_metrics(x, y, logits, sample_weight)

    def get_config(self):
        return {**super().get_config(), "auxiliary_weight": self.auxiliary_weight}


def googlenet(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    batch_normalization: bool = False,
    auxiliary_weight: Annotated[float, Field(ge=0)] = 0.3,
    dropout: Fraction = 0.4,
    small_images: bool = False,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are logits.

    As published it has 6,998,552 parameters for three channels and 1000 classes, and 13,378,280
    with the two heads of training, which `auxiliary_weight` 0 leaves out. `batch_normalization`
    follows each convolution, in the place of its bias and of the two local response
    normalizations; torchvision's 6,624,904 parameters are those of this form with 3x3 convolutions
    where the paper has 5x5. `dropout` precedes the last layer; that of the heads is 0.7. The parts
    to look at are called conv1, pool1, conv2, pool2, inception3a, ..., inception5b.

    `small_images`, of 28 to 64 pixels, lets conv1 see 3x3 pixels at every place, where the
    published network sees 7x7 at every second, and leaves out pool1, so that inception5b still has
    4x4 places for 32x32 pixels.

    Departures: weights begin by He's rule, on which the paper is silent; pixels are scaled to
    [-1, 1], where it subtracts the mean colour.
    """

    def convolution(x: Any, filters: int, size: int, name: str, strides: int = 1) -> Any:
        x = layers.Conv2D(
            filters,
            size,
            strides,
            padding="same",
            use_bias=not batch_normalization,
            kernel_initializer="he_normal",
            name=name,
        )(x)
        if batch_normalization:
            x = BatchNormalization(name=f"{name}_normalization")(x)
        return layers.Activation("relu", name=f"{name}_relu")(x)

    def response_normalized(x: Any, name: str) -> Any:
        return x if batch_normalization else LocalResponseNormalization(name=name)(x)

    def inception(x: Any, widths: Widths, name: str) -> Any:
        three = convolution(x, widths.three_reduced, 1, f"{name}_3x3_reduce")
        five = convolution(x, widths.five_reduced, 1, f"{name}_5x5_reduce")
        pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
        branches = [
            convolution(x, widths.one, 1, f"{name}_1x1"),
            convolution(three, widths.three, 3, f"{name}_3x3"),
            convolution(five, widths.five, 5, f"{name}_5x5"),
            convolution(pooled, widths.pooled, 1, f"{name}_pool_project"),
        ]
        return layers.Concatenate(name=name)(branches)

    def head(x: Any, name: str) -> Any:
        x = layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)
        x = convolution(x, 128, 1, f"{name}_conv")
        x = layers.Flatten(name=f"{name}_flatten")(x)
        x = layers.Dense(
            1024, activation="relu", kernel_initializer="he_normal", name=f"{name}_dense"
        )(x)
        x = layers.Dropout(AUXILIARY_DROPOUT, name=f"{name}_dropout")(x)
        return layers.Dense(num_outputs, name=name, dtype="float32")(x)

    has_heads = auxiliary_weight > 0
    # What leaves the heads the 5x5 places that they average, or inception5b one.
    smallest = (20 if has_heads else 8) if small_images else (79 if has_heads else 31)
    inputs, x = image_input(input_shape, smallest, "GoogLeNet")
    if small_images:
        x = convolution(x, 64, 3, "conv1")
    else:
        x = convolution(x, 64, 7, "conv1", strides=2)
        x = overlapping_max_pooling(x, "pool1")
    x = response_normalized(x, "normalization1")
    x = convolution(x, 64, 1, "conv2_reduce")
    x = convolution(x, 192, 3, "conv2")
    x = response_normalized(x, "normalization2")
    x = overlapping_max_pooling(x, "pool2")
    heads = []
    for number, widths in INCEPTIONS.items():
        x = inception(x, widths, f"inception{number}")
        if has_heads and number in AUXILIARY:
            heads.append(head(x, AUXILIARY[number]))
        if number in POOLED:
            x = overlapping_max_pooling(x, f"pool{number[0]}")
    x = layers.GlobalAveragePooling2D(name="pool5")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    if has_heads:
        x = AuxiliaryOutputs(name="auxiliary")([x, *heads])
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    if has_heads:
        return GoogLeNet(inputs, outputs, auxiliary_weight=auxiliary_weight, name="googlenet")
    return keras.Model(inputs, outputs, name="googlenet")

"""The capsule network, CapsNet (Sabour, Frosst, Hinton 2017, "Dynamic routing between
capsules")."""

import math
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from pydantic import Field

from dlapps.config.section import Positive, StridedKernel
from dlapps.errors import UsageError
from dlapps.layers.capsules import Presence, RoutedCapsules, Squash
from dlapps.losses.classification import as_shares
from dlapps.losses.margin import MarginLoss
from dlapps.models.loss_scaling import scaled_loss
from dlapps.models.vision.images import image_input
from dlapps.models.vision.redrawing import Redrawing

SHIFTS = np.linspace(-0.25, 0.25, 11, dtype=np.float32)
"""By how much the paper's Figure 4 moves each number of a capsule."""


@keras.saving.register_keras_serializable("dlapps")
class CapsuleNetwork(keras.Model):
    """Capsules that classify, and a decoder that redraws the image from the true class's alone.

    The loss is the margin loss of the capsules' lengths, plus `reconstruction_weight` times the
    squared error of the redrawn image, summed over its pixels; a loss given to `compile` is left
    aside. The decoder belongs to the model, though not to the graph from images to logits; without
    one, the margin loss is all.
    """

    def __init__(
        self,
        *args,
        decoder: keras.Model | None = None,
        reconstruction_weight: float = 0.0005,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.decoder = decoder
        self.reconstruction_weight = reconstruction_weight
        capsules = self.get_layer("class_capsules").output
        # The same layers, seen so that one pass gives what the decoder needs too.
        self.encoder = keras.Model(
            self.inputs[0], {"logits": self.outputs[0], "capsules": capsules}, name="encoder"
        )
        self.margin_loss = keras.metrics.Mean("margin_loss")
        if decoder is not None:
            self.reconstruction_loss = keras.metrics.Mean("reconstruction_loss")

    def train_step(self, data):
        """One update by a batch (images, labels) or (images, labels, weights); labels int [N] or
        shares [N, C]."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        weights = self.trainable_variables
        with tf.GradientTape() as tape:
            encoded = self.encoder(x, training=True)
            loss = self.compute_loss(x, y, encoded, sample_weight)
            scaled = scaled_loss(loss, self.optimizer)
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        return self.compute_metrics(x, y, encoded["logits"], sample_weight)

    def test_step(self, data):
        """The losses and metrics of a batch, as `train_step` takes it."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        encoded = self.encoder(x, training=False)
        loss = self.compute_loss(x, y, encoded, sample_weight, training=False)
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        return self.compute_metrics(x, y, encoded["logits"], sample_weight)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The mean of both losses together; `y_pred` is what `encoder` gives."""
        losses = MarginLoss(reduction="none")(y, ops.sigmoid(y_pred["logits"]))
        self.margin_loss.update_state(losses, sample_weight)
        if self.decoder is not None:
            images = self._redrawn(y_pred["capsules"], y, training)
            errors = ops.sum(ops.square(images - ops.cast(x, images.dtype)), axis=(1, 2, 3))
            self.reconstruction_loss.update_state(errors, sample_weight)
            losses += self.reconstruction_weight * errors
        if sample_weight is not None:
            losses *= ops.cast(sample_weight, losses.dtype)
        return ops.mean(losses)

    def reconstruct(self, images: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """The images [N, H, W, C] in [0, 1], redrawn from their longest capsules.

        Labels int [N] choose the capsules instead.
        """
        return self._redrawn(*self._capsules_and_labels(images, labels))

    def perturbed(self, images: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """What is redrawn as each number of a capsule is moved: [N, D, shifts, H, W, C] in [0, 1].

        Each of the D numbers is moved by -0.25 to 0.25 in steps of 0.05, the others kept. The
        capsules are chosen as in `reconstruct`.
        """
        capsules, labels = self._capsules_and_labels(images, labels)
        num_classes, size = capsules.shape[1:]
        moves = np.eye(size, dtype=np.float32)[:, None, None] * SHIFTS[:, None, None]
        moved = ops.reshape(capsules[:, None, None] + moves, (-1, num_classes, size))
        drawn = self._redrawn(moved, ops.repeat(labels, size * len(SHIFTS)))
        return ops.reshape(drawn, (-1, size, len(SHIFTS), *drawn.shape[1:]))

    def redrawing(self) -> Redrawing | None:
        """As Redraws says; nothing is drawn without a decoder."""
        return self.decoder and Redrawing(self.reconstruct, self.perturbed, SHIFTS)

    def _capsules_and_labels(self, images, labels):
        encoded = self.encoder(images, training=False)
        if labels is None:
            labels = ops.argmax(encoded["logits"], axis=-1)
        return encoded["capsules"], labels

    def _redrawn(self, capsules, labels, training=False):
        """Images from the capsules [N, C, D] of the labels, all others set to zero.

        Labels are int [N], or shares [N, C] by which the capsules are weighed.
        """
        if self.decoder is None:
            raise UsageError(
                "This capsule network was built with model.reconstruction_weight 0 and has no "
                "decoder; only one with a weight above 0 can redraw images."
            )
        shares = as_shares(labels, capsules.shape[1])
        return self.decoder(capsules * shares[..., None], training=training)

    def get_config(self):
        decoder = self.decoder and keras.saving.serialize_keras_object(self.decoder)
        own = {"decoder": decoder, "reconstruction_weight": self.reconstruction_weight}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        decoder = config["decoder"] and keras.saving.deserialize_keras_object(config["decoder"])
        return super().from_config({**config, "decoder": decoder}, custom_objects)


def capsule_network(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    filters: Positive = 256,
    kernel_size: StridedKernel = 9,
    conv_stride: Positive = 1,
    primary_stride: Positive = 2,
    primary_channels: Positive = 32,
    primary_size: Positive = 8,
    capsule_size: Positive = 16,
    routing_iterations: Positive = 3,
    decoder_sizes: list[Positive] = [512, 1024],  # noqa: B006 - a config's default, never changed
    reconstruction_weight: Annotated[float, Field(ge=0)] = 0.0005,
) -> CapsuleNetwork:
    """The network on images in [0, 1]; its outputs are the log-odds that each class is there.

    A convolution of `filters`, a second that gives `primary_channels` capsules of `primary_size` at
    every place, both of `kernel_size` without padding and with a stride of their own; then one
    capsule of `capsule_size` for each class, found by `routing_iterations`. `decoder_sizes` are the
    hidden layers of the decoder, and `reconstruction_weight` is what a pixel's squared error
    counts; at 0 there is no decoder.

    The defaults are the paper's: 8,215,568 parameters for 28x28 pixels of one channel and ten
    classes, 6,804,224 without the decoder. The paper's text has no bias in the capsules of the
    classes, its authors' code has one (160 more). Ours departs from the paper in that pixels enter
    scaled to [-1, 1], that outputs are the logits of the lengths in place of the lengths, and that
    gradients take the routing for given (see `routed`). Capsules are computed in float32 whatever
    the policy.
    """
    smallest = kernel_size + (kernel_size - 1) * conv_stride
    inputs, x = image_input(input_shape, smallest, "The capsule network")
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=conv_stride,
        activation="relu",
        kernel_initializer="he_normal",
        name="conv1",
    )(x)
    x = layers.Conv2D(
        primary_channels * primary_size, kernel_size, strides=primary_stride, name="primary_conv"
    )(x)
    x = layers.Reshape((-1, primary_size), dtype="float32", name="primary_vectors")(x)
    x = Squash(dtype="float32", name="primary_capsules")(x)
    capsules = RoutedCapsules(
        num_outputs, capsule_size, routing_iterations, dtype="float32", name="class_capsules"
    )(x)
    outputs = Presence(dtype="float32", name="logits")(capsules)
    decoder = None
    if reconstruction_weight:
        decoder = _decoder(capsules.shape[1:], decoder_sizes, input_shape)
    return CapsuleNetwork(
        inputs,
        outputs,
        decoder=decoder,
        reconstruction_weight=reconstruction_weight,
        name="capsule_network",
    )


def _decoder(
    capsules_shape: tuple[int, int], sizes: list[int], image_shape: tuple[int, int, int]
) -> keras.Model:
    """From the capsules [N, C, D], all zero but for one class's, to images [N, H, W, C]."""
    capsules = keras.Input(capsules_shape, name="capsules")
    x = layers.Flatten(name="flatten")(capsules)
    for number, size in enumerate(sizes, 1):
        x = layers.Dense(
            size, activation="relu", kernel_initializer="he_normal", name=f"dense{number}"
        )(x)
    x = layers.Dense(math.prod(image_shape), activation="sigmoid", dtype="float32", name="pixels")(
        x
    )
    image = layers.Reshape(image_shape, dtype="float32", name="image")(x)
    return keras.Model(capsules, image, name="decoder")

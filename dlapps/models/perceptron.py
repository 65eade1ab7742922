"""The perceptron (Rosenblatt 1958, "The perceptron: a probabilistic model for information storage
and organization in the brain")."""

import math

import keras
import tensorflow as tf
from keras import layers, ops

from dlapps.losses.classification import as_shares
from dlapps.models.loss_scaling import scaled_loss


@keras.saving.register_keras_serializable("dlapps")
class Perceptron(keras.Model):
    """Units with a step activation, trained by Rosenblatt's rule.

    Each unit fires when its net input is positive, and is told whether it should have:
    w <- w + learning_rate (target - output) input. There is no gradient: the rule's change is
    handed to the optimizer in a gradient's place. The model's outputs are the net inputs, of which
    a classifier takes the largest.
    """

    def train_step(self, data):
        """One application of the rule to a batch (x, y[, weights]): y int [N], or shares."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        weights = self.trainable_variables
        with tf.GradientTape() as tape:
            net = self(x, training=True)
            fires = ops.cast(net > 0, net.dtype)
            errors = fires - ops.cast(as_shares(y, net.shape[-1]), net.dtype)
            if sample_weight is not None:
                errors *= ops.cast(sample_weight, net.dtype)[:, None]
            # The derivative of a net input by a weight is what that weight was fed.
            change = ops.sum(ops.stop_gradient(errors) * net) / ops.cast(ops.shape(x)[0], net.dtype)
            change = scaled_loss(change, self.optimizer)
        self.optimizer.apply_gradients(zip(tape.gradient(change, weights), weights, strict=True))
        loss = self.compute_loss(x, y, net, sample_weight)
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        return self.compute_metrics(x, y, net, sample_weight)


def perceptron(input_shape: tuple[int, ...], num_outputs: int) -> keras.Model:
    """One step unit for each class on inputs of any shape; outputs are net inputs."""
    inputs = keras.Input(input_shape, name="input")
    x = inputs
    if len(input_shape) != 1:
        x = layers.Reshape((math.prod(input_shape),), name="flatten")(x)
    outputs = layers.Dense(num_outputs, name="net_input", dtype="float32")(x)
    return Perceptron(inputs, outputs, name="perceptron")

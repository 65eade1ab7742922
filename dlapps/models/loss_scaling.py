"""What a model with a `train_step` of its own differentiates in its loss's place."""

import keras
import tensorflow as tf


def scaled_loss(loss: tf.Tensor, optimizer: keras.Optimizer) -> tf.Tensor:
    """Returns this replica's share of the mean loss, at the scale that `optimizer` undoes.

    Keras' optimizers sum gradients over the replicas; in float16 they divide them by a scale.
    """
    return optimizer.scale_loss(loss / tf.distribute.get_strategy().num_replicas_in_sync)

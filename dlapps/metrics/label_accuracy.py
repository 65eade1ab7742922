"""How often a network's largest output is at the label."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dlapps")
class LabelAccuracy(keras.metrics.MeanMetricWrapper):
    """The weighted share of labels int [...] at which logits [..., classes] are largest.

    Where labels are shares [..., classes], the largest is meant.

    Keras' SparseCategoricalAccuracy, without the passes over all logits by which it sets -0.0
    apart from 0.0: of 6,000 tokens they took a twelfth of a translator's training step.
    """

    def __init__(self, name: str = "accuracy", dtype=None):
        super().__init__(_is_right, name=name, dtype=dtype)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


def _is_right(labels, logits):
    if len(labels.shape) == len(logits.shape):
        labels = tf.argmax(labels, axis=-1, output_type=tf.int32)
    chosen = tf.argmax(logits, axis=-1, output_type=tf.int32)
    return tf.cast(tf.equal(chosen, tf.cast(labels, tf.int32)), tf.float32)

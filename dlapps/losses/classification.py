"""What a classifier may be trained by, on labels that are numbers or shares of the classes."""

from typing import Any

import keras
import tensorflow as tf


def as_shares(labels: Any, num_classes: int) -> Any:
    """float32 [N, C]: how much of each example is of each class, of labels int [N] or shares."""
    labels = tf.convert_to_tensor(labels)
    if len(labels.shape) == 2 and labels.shape[-1] == num_classes:
        return tf.cast(labels, tf.float32)
    return tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), num_classes)


@keras.saving.register_keras_serializable("dlapps")
class ClassificationLoss(keras.losses.Loss):
    """The mean over examples of a loss called `kind` between labels and logits [N, C].

    Labels are int [N], or shares float [N, C] whose sum is 1, as mixtures of two examples have
    them. A part `label_smoothing` of each goes to all classes alike (Szegedy et al. 2016).

    crossentropy: of the softmax. binary_crossentropy: each class against the rest, by a sigmoid of
    its own, summed. mean_squared_error: between softmax and shares, summed over classes (Brier).
    hinge: what the logit of a class lacks to be 1 above the best other one (Crammer, Singer 2001).
    kullback_leibler: crossentropy less the labels' own entropy. focal: crossentropy of which an
    example counts (1 - probability of its class) ** gamma (Lin et al. 2017).
    """

    def __init__(
        self,
        kind: str = "crossentropy",
        label_smoothing: float = 0.0,
        gamma: float = 2.0,
        name: str = "classification_loss",
    ):
        super().__init__(name=name)
        self.kind = kind
        self.label_smoothing = label_smoothing
        self.gamma = gamma

    def call(self, y_true, y_pred):
        logits = tf.cast(y_pred, tf.float32)
        num_classes = logits.shape[-1]
        if len(y_true.shape) == 1 and self.kind == "crossentropy" and not self.label_smoothing:
            labels = tf.cast(y_true, tf.int32)
            return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        shares = (
            as_shares(y_true, num_classes) * (1.0 - self.label_smoothing)
            + self.label_smoothing / num_classes
        )
        return LOSSES[self.kind](shares, logits, self.gamma)

    def get_config(self):
        return {
            "kind": self.kind,
            "label_smoothing": self.label_smoothing,
            "gamma": self.gamma,
            "name": self.name,
        }


def _crossentropy(shares: Any, logits: Any, gamma: float) -> Any:
    return tf.nn.softmax_cross_entropy_with_logits(shares, logits)


def _binary_crossentropy(shares: Any, logits: Any, gamma: float) -> Any:
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(shares, logits), axis=-1)


def _mean_squared_error(shares: Any, logits: Any, gamma: float) -> Any:
    return tf.reduce_sum(tf.square(shares - tf.nn.softmax(logits)), axis=-1)


def _hinge(shares: Any, logits: Any, gamma: float) -> Any:
    best, second = tf.unstack(tf.math.top_k(logits, 2).values[..., None], axis=-2)
    best_other = tf.where(logits < best, best, second)
    return tf.reduce_sum(shares * tf.nn.relu(1.0 + best_other - logits), axis=-1)


def _kullback_leibler(shares: Any, logits: Any, gamma: float) -> Any:
    entropy = -tf.reduce_sum(tf.math.xlogy(shares, shares), axis=-1)
    return _crossentropy(shares, logits, gamma) - entropy


def _focal(shares: Any, logits: Any, gamma: float) -> Any:
    log_probabilities = tf.nn.log_softmax(logits)
    doubt = (1.0 - tf.exp(log_probabilities)) ** gamma
    return -tf.reduce_sum(shares * doubt * log_probabilities, axis=-1)


LOSSES = {
    "crossentropy": _crossentropy,
    "binary_crossentropy": _binary_crossentropy,
    "mean_squared_error": _mean_squared_error,
    "hinge": _hinge,
    "kullback_leibler": _kullback_leibler,
    "focal": _focal,
}

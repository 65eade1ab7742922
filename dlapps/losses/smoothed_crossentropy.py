"""Cross-entropy with label smoothing (Szegedy et al. 2016) for labels that are numbers."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dlapps")
class SmoothedCrossentropy(keras.losses.Loss):
    """The weighted mean over all labels; a share `smoothing` of each goes to all classes alike.

    Labels are int [...], predictions logits [..., classes]. Keras smooths one-hot labels alone.
    """

    def __init__(self, smoothing: float = 0.0, name: str = "smoothed_crossentropy"):
        super().__init__(name=name, reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    def call(self, y_true, y_pred):
        labels = tf.reshape(tf.cast(y_true, tf.int32), [-1])
        logits = tf.reshape(y_pred, [-1, y_pred.shape[-1]])
        losses = _smoothed_crossentropy(labels, logits, self.smoothing)
        return tf.reshape(losses, tf.shape(y_true))

    def get_config(self):
        return {"smoothing": self.smoothing, "name": self.name}


def _smoothed_crossentropy(labels, logits, smoothing):
    """The losses [N] of logits [N, classes], with few passes over what has many classes.

    TensorFlow's kernel finds loss and slope of the labels as they are at once. Smoothing raises
    the loss by `smoothing` times (the label's logit - the mean logit).
    """
    num_classes = logits.shape[-1]

    @tf.custom_gradient
    def losses(logits):
        sharp, slopes = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(
            features=logits, labels=labels
        )
        at_labels = tf.gather(logits, labels, batch_dims=1)
        means = tf.linalg.matvec(logits, tf.fill([num_classes], 1 / num_classes))

        def gradient(upstream):
            spread = smoothing / num_classes
            more = tf.one_hot(labels, num_classes, smoothing - spread, -spread)
            return (slopes + more) * upstream[:, None]

        return sharp + smoothing * (at_labels - means), gradient

    return losses(logits)

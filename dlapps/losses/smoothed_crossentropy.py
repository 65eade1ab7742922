"""Cross-entropy with label smoothing (Szegedy et al. 2016) for labels that are numbers."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class SmoothedCrossentropy(keras.losses.Loss):
    """The weighted mean over all labels; a share `smoothing` of each goes to all classes alike.

    Labels are int [...], predictions logits [..., classes]. Keras smooths one-hot labels alone.
    """

    def __init__(self, smoothing: float = 0.0, name: str = "smoothed_crossentropy"):
        super().__init__(name=name, reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    def call(self, y_true, y_pred):
        of_labels = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        if not self.smoothing:
            return of_labels
        of_all_alike = ops.logsumexp(y_pred, axis=-1) - ops.mean(y_pred, axis=-1)
        return (1 - self.smoothing) * of_labels + self.smoothing * of_all_alike

    def get_config(self):
        return {"smoothing": self.smoothing, "name": self.name}

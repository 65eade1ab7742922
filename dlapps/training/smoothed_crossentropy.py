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
        if not self.smoothing:
            return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        num_classes = y_pred.shape[-1]
        hard = ops.one_hot(y_true, num_classes, dtype=y_pred.dtype)
        smooth = (1 - self.smoothing) * hard + self.smoothing / num_classes
        return ops.categorical_crossentropy(smooth, y_pred, from_logits=True)

    def get_config(self):
        return {"smoothing": self.smoothing, "name": self.name}

"""Multiple-instance pooling: what an image holds, from what each of its places looks like."""

from typing import Literal

import keras
from keras import layers, ops

Pooling = Literal["average", "max", "log_sum_exp", "attention"]


@keras.saving.register_keras_serializable("dlapps")
class LogSumExpPooling(layers.Layer):
    """One logit a class [N, C] from those of all places [N, H, W, C], in float32.

    It is log(mean(exp(r x))) / r with a sharpness r, between the average (r towards 0: class
    activation maps, Zhou et al. 2016) and the maximum (r towards infinity: Oquab et al. 2015).
    Pinheiro, Collobert 2015, "From image-level to pixel-level labeling with convolutional
    networks".
    """

    def __init__(self, sharpness: float = 4.0, **options):
        super().__init__(**options)
        self.sharpness = sharpness

    def call(self, maps):
        maps = self.sharpness * ops.cast(maps, "float32")
        num_places = ops.cast(ops.shape(maps)[1] * ops.shape(maps)[2], "float32")
        return (ops.logsumexp(maps, axis=(1, 2)) - ops.log(num_places)) / self.sharpness

    def compute_output_spec(self, maps):
        return keras.KerasTensor((maps.shape[0], maps.shape[-1]), "float32")

    def get_config(self):
        return super().get_config() | {"sharpness": self.sharpness}


@keras.saving.register_keras_serializable("dlapps")
class GatedAttention(layers.Layer):
    """How much each place counts for each class: [N, H, W, C], which add up to 1, in float32.

    Of the features [N, H, W, D] of the places, w (tanh(V h) sigmoid(U h)) with `units` rows of V
    and U, which all classes share, and a softmax over the places. Ilse, Tomczak, Welling 2018,
    "Attention-based deep multiple instance learning", with one attention a class.
    """

    def __init__(self, num_classes: int, units: int = 64, **options):
        super().__init__(**options)
        self.num_classes, self.units = num_classes, units
        policy = {"dtype": self.dtype_policy}
        self.signal = layers.Conv2D(units, 1, activation="tanh", name="signal", **policy)
        self.gate = layers.Conv2D(units, 1, activation="sigmoid", name="gate", **policy)
        self.scores = layers.Conv2D(num_classes, 1, use_bias=False, name="scores", **policy)

    def build(self, features_shape):
        self.signal.build(features_shape)
        self.gate.build(features_shape)
        self.scores.build((*features_shape[:-1], self.units))

    def call(self, features):
        scores = self.scores(self.signal(features) * self.gate(features))
        scores = ops.cast(scores, "float32")
        # Keras' softmax over two axes wants to know the size of the batch.
        return ops.exp(scores - ops.logsumexp(scores, axis=(1, 2), keepdims=True))

    def compute_output_spec(self, features):
        return keras.KerasTensor((*features.shape[:-1], self.num_classes), "float32")

    def get_config(self):
        return super().get_config() | {"num_classes": self.num_classes, "units": self.units}


@keras.saving.register_keras_serializable("dlapps")
class WeightedSum(layers.Layer):
    """One logit a class [N, C] from those of all places [N, H, W, C] and the places' weights."""

    def call(self, maps, weights):
        return ops.sum(ops.cast(maps, "float32") * weights, axis=(1, 2))

    def compute_output_spec(self, maps, weights):
        return keras.KerasTensor((maps.shape[0], maps.shape[-1]), "float32")

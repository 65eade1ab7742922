"""Power as loudness: decibels below the loudest of its own example."""

import math

import keras
from keras import ops

SMALLEST_POWER = 1e-12


@keras.saving.register_keras_serializable("dlapps")
class RelativeDecibels(keras.layers.Layer):
    """Power [N, ...] as 1 for the loudest of an example, down to 0 for `dynamic_range` dB less.

    So an example is heard alike however loud it was recorded, and whatever stands beside it in
    the batch; Keras' own scaling to decibels takes the loudest of the whole batch.
    """

    def __init__(self, dynamic_range: float = 80.0, **kwargs):
        super().__init__(**kwargs)
        self.dynamic_range = dynamic_range

    def call(self, power):
        power = ops.maximum(power, SMALLEST_POWER)
        loudest = ops.max(power, axis=tuple(range(1, len(power.shape))), keepdims=True)
        decibels = ops.log(power / loudest) * (10 / math.log(10))
        return ops.maximum(1 + decibels / self.dynamic_range, 0.0)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "dynamic_range": self.dynamic_range}

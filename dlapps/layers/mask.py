"""Dropout that is decided from outside: a mask, the same for all examples."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class Mask(keras.layers.Layer):
    """Multiplies [N, ...] by its one weight, a mask of `mask_shape` that begins as ones.

    Where a dropout layer stood, a mask of 0 and 1 / (1 - rate) makes one thinned network of the
    many that were trained.
    """

    def __init__(self, mask_shape: tuple[int, ...], **options):
        super().__init__(**options)
        self.mask_shape = tuple(mask_shape)
        self.mask = self.add_weight(
            shape=self.mask_shape, initializer="ones", trainable=False, name="mask"
        )

    def call(self, inputs):
        return inputs * ops.cast(self.mask, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "mask_shape": self.mask_shape}

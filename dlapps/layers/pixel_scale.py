"""Pixels on the scales that published weights were trained on."""

from typing import Literal

import keras
from keras import ops

Scale = Literal["bytes", "caffe", "tf", "torch"]
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable("dlapps")
class PixelScale(keras.layers.Layer):
    """Colours [N, H, W, 3] in [0, 1] on another scale, called as Keras' applications call it.

    bytes: 0 to 255. tf: -1 to 1. torch: ImageNet's mean 0 and deviation 1. caffe: 0 to 255, blue
    first, less ImageNet's mean.
    """

    def __init__(self, scale: Scale, **options):
        super().__init__(**options)
        self.scale = scale

    def call(self, x):
        if self.scale == "torch":
            return (x - ops.cast(MEAN, x.dtype)) / ops.cast(DEVIATION, x.dtype)
        if self.scale == "caffe":
            return 255.0 * ops.flip(x, axis=-1) - ops.cast(CAFFE_MEAN, x.dtype)
        return 2.0 * x - 1.0 if self.scale == "tf" else 255.0 * x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}

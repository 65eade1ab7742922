"""The shortcut without parameters between feature maps of different shapes (He, Zhang, Ren, Sun
2015, "Deep residual learning for image recognition", option A)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class IdentityShortcut(keras.layers.Layer):
    """Every `strides`-th place of maps [N, H, W, C], and channels of zeros after theirs.

    The result is [N, ceil(H / strides), ceil(W / strides), channels].
    """

    def __init__(self, channels: int, strides: int = 1, **options):
        super().__init__(**options)
        self.channels = channels
        self.strides = strides

    def call(self, maps):
        added = self.channels - maps.shape[-1]
        sampled = maps[:, :: self.strides, :: self.strides]
        return ops.pad(sampled, [(0, 0), (0, 0), (0, 0), (0, added)])

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape
        sampled = (None if side is None else -(-side // self.strides) for side in sides)
        return (batch, *sampled, self.channels)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels, "strides": self.strides}

"""Mirrored borders; padding to a multiple of a size and cutting back, for networks that halve."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class PadToMultiple(keras.layers.Layer):
    """Mirrors images at their lower and right border until both sides are multiples of a number.

    [N, H, W, C] becomes [N, ceil(H / m) m, ceil(W / m) m, C]. What is a multiple already comes back
    as it is; images smaller than the padding are mirrored again and again.
    """

    def __init__(self, multiple: int, **options):
        super().__init__(**options)
        self.multiple = multiple

    def call(self, images):
        return self._padded(self._padded(images, 1), 2)

    def _padded(self, images, axis: int):
        size = images.shape[axis]
        if size is not None and size % self.multiple == 0:
            return images
        size = ops.shape(images)[axis]
        # Of positive numbers alone: ONNX divides those below zero otherwise.
        padded = (size + self.multiple - 1) // self.multiple * self.multiple
        index = ops.arange(padded) % (2 * size)
        return ops.take(images, ops.minimum(index, 2 * size - 1 - index), axis=axis)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = (
            None if side is None else -(-side // self.multiple) * self.multiple
            for side in (height, width)
        )
        return (batch, *sides, channels)

    def get_config(self):
        return {**super().get_config(), "multiple": self.multiple}


@keras.saving.register_keras_serializable("dlapps")
class CropLike(keras.layers.Layer):
    """Cuts a tensor down to the height and width of another, from its left upper corner."""

    def call(self, inputs):
        image, reference = inputs
        height, width = ops.shape(reference)[1], ops.shape(reference)[2]
        return image[:, :height, :width]

    def compute_output_shape(self, input_shape):
        image, reference = input_shape
        return (image[0], *reference[1:3], image[3])


@keras.saving.register_keras_serializable("dlapps")
class MirrorPadding2D(keras.layers.Layer):
    """Images [N, H, W, C] with a mirrored border of some pixels, no more than they have a side.

    Beside zeros, a convolution would see an edge all around.
    """

    def __init__(self, padding: int, **options):
        super().__init__(**options)
        self.padding = padding

    def call(self, images):
        sides = (self.padding, self.padding)
        return ops.pad(images, ((0, 0), sides, sides, (0, 0)), mode="symmetric")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = (None if side is None else side + 2 * self.padding for side in (height, width))
        return (batch, *sides, channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}

"""Where max pooling found what it kept, so that unpooling can put it back there (Zeiler, Fergus
2013, "Visualizing and understanding convolutional networks")."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class PoolingSwitches(keras.layers.Layer):
    """1 at the first largest number of each 2x2 window and 0 beside it, in the maps' own shape.

    Maps [N, H, W, C] have even sides. Times what was pooled, enlarged, that is max unpooling.
    """

    def call(self, maps):
        batch, height, width = (ops.shape(maps)[axis] for axis in range(3))
        channels = maps.shape[-1]
        windows = ops.reshape(
            ops.stop_gradient(maps), (batch, height // 2, 2, width // 2, 2, channels)
        )
        (a, b), (c, d) = ((windows[:, :, row, :, 0], windows[:, :, row, :, 1]) for row in range(2))
        is_above = ops.maximum(a, b) >= ops.maximum(c, d)
        is_left_above, is_left_below = a >= b, c >= d
        above = _side_by_side(is_above, is_left_above)
        below = _side_by_side(ops.logical_not(is_above), is_left_below)
        switches = ops.stack([above, below], axis=2)
        return ops.cast(ops.reshape(switches, ops.shape(maps)), maps.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


def _side_by_side(is_here, is_left):
    """[N, h, w, 2, C]: which place of a row of each window is the one, if it is in this row."""
    left = ops.logical_and(is_here, is_left)
    right = ops.logical_and(is_here, ops.logical_not(is_left))
    return ops.stack([left, right], axis=3)

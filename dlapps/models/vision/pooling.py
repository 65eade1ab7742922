"""The overlapping pooling of the networks that were published for Caffe and its forerunners."""

from typing import Any

from keras import layers


def overlapping_max_pooling(x: Any, name: str) -> Any:
    """The largest of every 3x3 places of x [N, H, W, C], 2 apart, none of which is negative.

    The last window may hang over the border, so that 112 places become 56, and 55 become 27:
    Caffe's rounding. TensorFlow's "same" would move the windows of the 55, "valid" lose the last
    of the 112.
    """
    height, width = x.shape[1:3]
    overhang = ((0, 1 - height % 2), (0, 1 - width % 2))
    if overhang != ((0, 0), (0, 0)):
        # Beside numbers that are not negative a zero is never the largest, or does not matter.
        x = layers.ZeroPadding2D(overhang, name=f"{name}_padding")(x)
    return layers.MaxPooling2D(3, strides=2, name=name)(x)

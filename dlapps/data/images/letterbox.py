"""Images of any shape within one size, without changing their proportions."""

import tensorflow as tf


def letterboxed(image: tf.Tensor, size: tuple[int, int]) -> tuple[tf.Tensor, tf.Tensor]:
    """The uint8 image [h, w, C] as large as it fits into uint8 [height, width, C], and its scale.

    It lies in the upper left corner, and what it leaves is black. A place at x pixels of the image
    is at `scale` x of the result.
    """
    height, width = size
    shape = tf.cast(tf.shape(image)[:2], tf.float32)
    scale = tf.reduce_min(tf.constant([height, width], tf.float32) / shape)
    fitting = tf.cast(tf.round(scale * shape), tf.int32)
    fitting = tf.clip_by_value(fitting, 1, [height, width])

    def smaller_or_larger() -> tf.Tensor:
        resized = tf.image.resize(tf.cast(image, tf.float32), fitting, antialias=True)
        return tf.cast(tf.clip_by_value(tf.round(resized), 0.0, 255.0), tf.uint8)

    fits = tf.reduce_all(tf.shape(image)[:2] == fitting)
    laid = tf.cond(fits, lambda: image, smaller_or_larger)
    padding = [height, width] - fitting
    laid = tf.pad(laid, [[0, padding[0]], [0, padding[1]], [0, 0]])
    return tf.ensure_shape(laid, [height, width, image.shape[-1]]), scale

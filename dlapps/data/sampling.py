"""Reading images at places between their pixels, mirrored at the border."""

import tensorflow as tf


def sample_bilinear(images: tf.Tensor, y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """float32 [N, h, w, C]: the images [N, H, W, C] at rows y and columns x, each [N, h, w].

    Only the pixels that are asked for are read. A whole number is the middle of a pixel.
    """
    top, left = tf.floor(y), tf.floor(x)
    down, right = (y - top)[..., None], (x - left)[..., None]

    def row(rows: tf.Tensor) -> tf.Tensor:
        one = tf.cast(_pixels(images, rows, left), tf.float32)
        other = tf.cast(_pixels(images, rows, left + 1.0), tf.float32)
        return one * (1.0 - right) + other * right

    return row(top) * (1.0 - down) + row(top + 1.0) * down


def sample_nearest(images: tf.Tensor, y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """[N, h, w, C] of the images' own type: the pixels nearest to rows y and columns x."""
    return _pixels(images, tf.floor(y + 0.5), tf.floor(x + 0.5))


def _pixels(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    height, width = images.shape[1:3]
    places = tf.stack([_mirrored(rows, height), _mirrored(columns, width)], axis=-1)
    return tf.gather_nd(images, places, batch_dims=1)


def _mirrored(index: tf.Tensor, size: int) -> tf.Tensor:
    index = tf.cast(index, tf.int32) % (2 * size)
    return tf.minimum(index, 2 * size - 1 - index)

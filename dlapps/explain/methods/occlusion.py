"""Occlusion (Zeiler, Fergus 2014, "Visualizing and understanding convolutional networks")."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from dlapps.explain.methods.gradients import Score, answered

PATCHES_A_SIDE = 8


def occlusion(
    network: keras.Model,
    inputs: Sequence[tf.Tensor],
    score: Score,
    axes: int,
    *,
    size: Sequence[int] = (),
    stride: Sequence[int] = (),
) -> tf.Tensor:
    """How far the score [N] falls where a patch of the first input is grey, [N, ...] of its places.

    The first `axes` axes after the batch say where: 2 in an image [N, H, W, C], 1 in a sentence
    [N, T, E]. A patch of `size`, an eighth of each side unless told, is moved by `stride`, half of
    a patch, and filled with the mean of its row. A place gets the mean fall of all patches that
    cover it. That is one answer of the network for each patch.
    """
    explained = tf.cast(inputs[0], tf.float32)
    places = tf.shape(explained)[1 : 1 + axes]
    sizes = tf.constant(size) if size else tf.maximum(places // PATCHES_A_SIDE, 1)
    strides = tf.constant(stride) if stride else tf.maximum(sizes // 2, 1)
    grey = tf.reduce_mean(explained, axis=[*range(1, len(explained.shape))], keepdims=True)
    others = [1] * (len(explained.shape) - 1 - axes)
    unhidden = score(answered(network, [explained, *inputs[1:]]))

    def patch_from(start: tf.Tensor) -> tf.Tensor:
        """1 inside of the patch that begins there, else 0: [places...]."""
        patch = tf.ones([1] * axes)
        for axis in range(axes):
            along = tf.range(places[axis])
            inside = (along >= start[axis]) & (along < start[axis] + sizes[axis])
            shape = [-1 if other == axis else 1 for other in range(axes)]
            patch *= tf.reshape(tf.cast(inside, tf.float32), shape)
        return patch

    def add(total: tuple[tf.Tensor, tf.Tensor], start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        falls, times = total
        patch = patch_from(start)
        mask = tf.reshape(patch, tf.concat([[1], places, others], axis=0))
        hidden = explained + mask * (grey - explained)
        fall = unhidden - score(answered(network, [hidden, *inputs[1:]]))
        fall = tf.reshape(fall, [-1, *[1] * axes])
        return falls + fall * patch, times + patch

    # The last patch ends with the input.
    starts = [
        tf.concat([tf.range(0, last, strides[axis]), [last]], axis=0)
        for axis, last in enumerate(tf.unstack(tf.maximum(places - sizes, 0)))
    ]
    corners = tf.reshape(tf.stack(tf.meshgrid(*starts, indexing="ij"), axis=-1), [-1, axes])
    times = tf.zeros(places)
    falls = tf.zeros(tf.concat([tf.shape(unhidden), places], axis=0))
    falls, times = tf.foldl(add, corners, (falls, times))
    return falls / times

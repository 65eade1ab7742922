"""Pixels as draws of 0 or 1 with their intensity as the probability of 1."""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from dlapps.data.splits import Examples

FIXED_SEED = 0


def num_draws(image_shape: tuple[int, int, int]) -> int:
    """How many draws `binarised` takes for an image."""
    return math.prod(image_shape)


def binarised(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Zeros and ones, float32 [N, H, W, C].

    images: float [N, H, W, C] in [0, 1]; draws: [N, H W C] uniform in [0, 1).
    """
    return tf.cast(tf.reshape(draws, tf.shape(images)) < images, tf.float32)


def with_fixed_binarisation(examples: Examples) -> Examples:
    """The examples with `image` drawn once for all, as uint8 0 or 255, by a fixed seed.

    A draw depends on the row alone, not on how rows are put into batches.
    """

    def load(row: dict) -> dict:
        loaded = row if examples.load is None else examples.load(row)
        draws = tf.random.stateless_uniform(
            tf.shape(loaded["image"]), seed=tf.stack([FIXED_SEED, row["row"]])
        )
        is_one = draws < tf.cast(loaded["image"], tf.float32) / 255.0
        return {**loaded, "image": tf.cast(is_one, tf.uint8) * 255}

    columns = {**examples.columns, "row": np.arange(len(examples))}
    return dataclasses.replace(examples, columns=columns, load=load)

"""Images without their labels, as generative models learn from them: grey, or of 0 and 1."""

import dataclasses
import math
from typing import Literal

import numpy as np
import tensorflow as tf

from dlapps.data.batches import Columns, ShuffledBatches
from dlapps.data.images.augmentation import NUM_DRAWS, augment
from dlapps.data.images.decoding import to_unit_interval
from dlapps.data.images.labelled import LabelledData, load_labelled
from dlapps.data.splits import Examples, Splits


class UnlabelledImages(LabelledData):
    """Which images to learn from; their labels only colour pictures."""

    name: Literal["digits", "mnist", "fashion_mnist", "image_folder"]
    binarise: bool = False
    """Draw every pixel as 0 or 1 with its intensity as probability: anew at each training step,
    once for all for validation and test."""


def load_images(settings: UnlabelledImages) -> Splits:
    """The images of `load_labelled`; validation and test drawn as zeros and ones if asked for."""
    splits = load_labelled(settings)
    if not settings.binarise:
        return splits
    validation, test = map(with_fixed_binarisation, (splits.validation, splits.test))
    return dataclasses.replace(splits, validation=validation, test=test)


def shuffled_images(settings: UnlabelledImages, splits: Splits, seed: int) -> ShuffledBatches:
    """Training batches of images alone, float32 [N, H, W, C] in [0, 1]."""

    def images(columns: Columns, draws: tf.Tensor) -> tf.Tensor:
        x = augment(pixels(columns), draws[:, :NUM_DRAWS], settings.augmentation)
        return binarised(x, draws[:, NUM_DRAWS:]) if settings.binarise else x

    draws = NUM_DRAWS + (num_draws(splits.spec.input_shape) if settings.binarise else 0)
    return ShuffledBatches(splits.train, settings.batch_size, seed, images, draws)


def pixels(columns: Columns) -> tf.Tensor:
    """The images of a batch, float32 [N, H, W, C] in [0, 1]."""
    return to_unit_interval(columns["image"])


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

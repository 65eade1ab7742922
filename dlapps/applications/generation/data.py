"""Images without their labels, as generative models learn from them: grey, or of 0 and 1."""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import tensorflow as tf

from dlapps.data.batches import Columns
from dlapps.data.images.augmentation import NUM_DRAWS, augment
from dlapps.data.images.decoding import to_unit_interval
from dlapps.data.images.labelled import LabelledData, LabelledExamples, load_labelled
from dlapps.data.splits import Examples


class UnlabelledImages(LabelledData):
    """Which images to learn from; their labels only colour pictures."""

    name: Literal["digits", "mnist", "fashion_mnist", "image_folder"]
    binarise: bool = False
    """Draw every pixel as 0 or 1 with its intensity as probability: anew at each training step,
    once for all for validation and test."""


def load_images(settings: UnlabelledImages) -> LabelledExamples:
    """The images of `load_labelled`; all but those to learn from drawn as zeros and ones if asked.

    Those are drawn anew at each step, which `training_images` does.
    """
    data = load_labelled(settings)
    if not settings.binarise:
        return data
    drawn = {name: with_fixed_binarisation(data[name]) for name in data.held_out()}
    return dataclasses.replace(data, splits={**data.splits, **drawn})


def training_images(
    settings: UnlabelledImages, image_shape: tuple[int, ...]
) -> tuple[Callable[[Columns, tf.Tensor], tf.Tensor], int]:
    """What makes training images of a batch and its draws, and how many draws an image takes.

    They are float32 [N, H, W, C] in [0, 1].
    """

    def images(columns: Columns, draws: tf.Tensor) -> tf.Tensor:
        x = augment(pixels(columns), draws[:, :NUM_DRAWS], settings.augmentation)
        return binarised(x, draws[:, NUM_DRAWS:]) if settings.binarise else x

    return images, NUM_DRAWS + (math.prod(image_shape) if settings.binarise else 0)


def pixels(columns: Columns) -> tf.Tensor:
    """The images of a batch, float32 [N, H, W, C] in [0, 1]."""
    return to_unit_interval(columns["image"])


FIXED_SEED = 0


def binarised(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Zeros and ones, float32 [N, H, W, C].

    images: float [N, H, W, C] in [0, 1]; draws: [N, H W C] uniform in [0, 1).
    """
    return tf.cast(tf.reshape(draws, tf.shape(images)) < images, tf.float32)


def with_fixed_binarisation(examples: Examples) -> Examples:
    """The examples with `image` drawn once for all, as uint8 0 or 255, by a fixed seed.

    A draw depends on the row alone, not on how rows are put into batches.
    """

    def load(row: Columns) -> Columns:
        loaded = row if examples.load is None else examples.load(row)
        draws = tf.random.stateless_uniform(
            tf.shape(loaded["image"]), seed=tf.stack([FIXED_SEED, row["row"]])
        )
        is_one = draws < tf.cast(loaded["image"], tf.float32) / 255.0
        return {**loaded, "image": tf.cast(is_one, tf.uint8) * 255}

    columns = {**examples.columns, "row": np.arange(len(examples))}
    return dataclasses.replace(examples, columns=columns, load=load)

"""Images without their labels, as generative models learn from them."""

import dataclasses
from typing import Literal

import tensorflow as tf

from dlapps.data.augmentation import NUM_DRAWS, augment
from dlapps.data.batches import Columns
from dlapps.data.binarisation import binarised, num_draws, with_fixed_binarisation
from dlapps.data.images import to_unit_interval
from dlapps.data.labelled import LabelledData, load_labelled
from dlapps.data.shuffled_batches import ShuffledBatches
from dlapps.data.splits import Splits


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

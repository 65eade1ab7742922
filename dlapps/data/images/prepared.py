"""Labelled images of a data set that TFDS prepared, read from the disk as they are needed."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from dlapps.data.batches import Columns
from dlapps.data.images.decoding import fitted
from dlapps.data.sources.random_access import Records, labelled_features, open_data_set
from dlapps.data.splits import Examples, carve, numbered
from dlapps.errors import UsageError

MOST_VALIDATION = 5_000


class PreparedImages(NamedTuple):
    """The examples of each split, and what they mean."""

    splits: dict[str, Examples]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]


def load_prepared(
    builder: str | None,
    directory: Path | None,
    image_size: tuple[int, int] | None,
    channels: Literal["auto", 1, 3],
    test_split: str | None,
) -> PreparedImages:
    """Train, validation and test of a TFDS data set of images with one label each.

    `test_split` is what test is read from; by default `test`, or `validation` where there is none.
    Validation is the data set's own split of that name, unless that is the test; else a tenth of
    train, but no more than 5,000, by a fixed permutation. No example is read before it is needed.
    """
    data_set = open_data_set(builder, directory)
    names = labelled_features(data_set)
    features, there = data_set.info.features, data_set.info.splits
    shape = _image_shape(data_set.name, features[names.image].shape, image_size, channels)
    test = test_split or ("test" if "test" in there else "validation")

    def examples(split: str) -> Examples:
        records = Records(data_set, split)

        def read(columns: Columns) -> Columns:
            return {"record": records.read(columns["number"])}

        def load(row: Columns) -> Columns:
            example = features.deserialize_example(row["record"])
            return {
                "image": fitted(example[names.image], shape),
                "label": tf.cast(example[names.label], tf.int32),
            }

        numbers = {"number": np.arange(len(records))}
        own_names = numbered(split, len(records))
        return Examples(numbers, load, read=read, source=records.digest(), names=own_names)

    splits = {"train": examples("train"), "test": examples(test)}
    if "validation" in there and test != "validation":
        splits["validation"] = examples("validation")
    else:
        share = min(MOST_VALIDATION, len(splits["train"]) // 10)
        splits["train"], splits["validation"] = carve(splits["train"], share)
    return PreparedImages(splits, tuple(features[names.label].names), shape)


def _image_shape(
    name: str,
    shape: tuple[int | None, ...],
    size: tuple[int, int] | None,
    channels: Literal["auto", 1, 3],
) -> tuple[int, int, int]:
    height, width, depth = shape
    if size is None:
        if height is None or width is None:
            raise UsageError(
                f"The images of {name} differ in size: say with data.image_size, such as "
                "--set data.image_size=[224,224], what to resize them to."
            )
        size = (height, width)
    if channels == "auto":
        channels = 1 if depth in (1, 2) else 3
    return (*size, channels)

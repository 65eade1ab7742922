"""Data sets of TFDS whose examples are read one by one from the disk, for what no memory holds.

Prepared as ArrayRecord, any example can be had by its number, so a batch remains a function of the
step; what TFDS prepares by default can only be read from its beginning.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dlapps.data.sources.catalogue import RANDOM_ACCESS
from dlapps.data.sources.published import prepared_builder
from dlapps.data.sources.raw_files import find_folders
from dlapps.errors import UsageError, did_you_mean, in_short, reason

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

BEGINNING = 2**16
"""Bytes of each file that tell one version of a data set from another."""


class LabelledFeatures(NamedTuple):
    """Which features of a data set are the image and its label."""

    image: str
    label: str


def open_data_set(builder: str | None, directory: Path | None) -> tfds.core.DatasetBuilder:
    """The TFDS builder `builder` ("name:version"), prepared; or the data set in `directory`.

    What is not prepared so in DLAPPS_DATA_DIR is, in the folder `array_record` there, from the
    publisher's files in DLAPPS_MANUAL_DIR or by download. Raises UsageError for one that is
    unknown or prepared in another format, and DlappsError where it cannot be prepared.
    """
    import tensorflow_datasets as tfds

    if directory is not None:
        return _in_directory(directory)
    assert builder is not None, "the settings were checked"
    name = builder.partition("/")[0].partition(":")[0]
    raw_folder, data_dir = find_folders(name, None, None)
    try:
        return prepared_builder(name, builder, raw_folder, data_dir, file_format=RANDOM_ACCESS)
    except tfds.core.DatasetNotFoundError:
        known = did_you_mean(name, tfds.list_builders()).partition(" (Known")[0].rstrip("?.")
        nearest = f"{known}?" if known.startswith("; did you mean") else "."
        raise UsageError(
            f"data.builder: TFDS has no data set {in_short(repr(name))}{nearest}"
        ) from None
    except (AssertionError, ValueError) as error:
        raise UsageError(
            f"data.builder cannot be {in_short(builder)!r}: {reason(error)}."
        ) from error


def _in_directory(directory: Path) -> tfds.core.DatasetBuilder:
    import tensorflow_datasets as tfds

    if not (directory / "dataset_info.json").is_file():
        raise UsageError(
            f"data.path {directory} is no data set that TFDS prepared: it has no "
            "dataset_info.json. Name the folder of one version, such as "
            "~/tensorflow_datasets/mnist/3.0.1."
        )
    try:
        builder = tfds.builder_from_directory(directory)
    except Exception as error:  # TFDS parses files that anyone may have written.
        raise UsageError(
            f"data.path {directory} holds no data set that TFDS can read: {reason(error)}."
        ) from error
    file_format = builder.info.file_format
    if file_format is None or file_format.value != RANDOM_ACCESS:
        raise UsageError(
            f"data.path {directory} is prepared as {file_format and file_format.value}, which can "
            f"only be read from its beginning; prepare it with file_format={RANDOM_ACCESS}."
        )
    return builder


def labelled_features(builder: tfds.core.DatasetBuilder) -> LabelledFeatures:
    """The features to learn from; raises UsageError where there are no images with one label."""
    import tensorflow_datasets as tfds

    features = builder.info.features
    keys = builder.info.supervised_keys
    image, label = keys if keys is not None and len(keys) == 2 else ("image", "label")
    is_named = isinstance(features, tfds.features.FeaturesDict)
    if not (
        is_named
        and {image, label} <= {*features}
        and isinstance(features[image], tfds.features.Image)
        and isinstance(features[label], tfds.features.ClassLabel)
    ):
        raise UsageError(
            f"{builder.name} has no images with one label each; its features are "
            f"{', '.join(sorted(features)) if is_named else type(features).__name__}."
        )
    return LabelledFeatures(image, label)


class Records:
    """The examples of one split of a prepared data set, as they lie on the disk."""

    def __init__(self, builder: tfds.core.DatasetBuilder, split: str):
        if split not in builder.info.splits:
            raise UsageError(
                f"{builder.name} has no split {in_short(repr(split))}"
                + did_you_mean(split, builder.info.splits)
            )
        self.info = builder.info.splits[split]
        # What lies beneath reads bytes by many numbers at once; the layer above decodes by one.
        self.source = builder.as_data_source(split).data_source

    def __len__(self) -> int:
        return len(self.source)

    def read(self, numbers: tf.Tensor) -> tf.Tensor:
        """The serialised examples, string [N], of numbers int64 [N]."""
        import tensorflow as tf

        def fetch(wanted: np.ndarray) -> np.ndarray:
            return np.array(self.source.__getitems__(wanted.tolist()), object)

        return tf.ensure_shape(
            tf.numpy_function(fetch, [numbers], tf.string, stateful=False), numbers.shape
        )

    def digest(self) -> str:
        """A digest of the sizes of its files and of what they begin with: all would take hours."""
        digest = hashlib.sha256()
        for file in sorted(self.info.filepaths):
            with open(file, "rb") as contents:
                digest.update(f"{Path(file).stat().st_size} ".encode())
                digest.update(contents.read(BEGINNING))
        return digest.hexdigest()

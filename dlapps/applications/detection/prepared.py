"""Images with boxes that TFDS prepared, read from the disk as they are needed."""

import io
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from dlapps.data.batches import Columns
from dlapps.data.boxes.columns import NO_OBJECT, padded_boxes
from dlapps.data.images.letterbox import letterboxed
from dlapps.data.sources.published import prepare_published
from dlapps.data.sources.random_access import Records
from dlapps.data.splits import Examples, carve, numbered
from dlapps.progress import progress

PREPARED = ("voc", "coco")
"""Those that no memory holds, by our names."""
MOST_VALIDATION = 5_000
READ_AT_ONCE = 256
FORGIVEN = ("is_difficult", "is_crowd")
"""Marks of objects that nobody has to find."""
LOADED = ("boxes", "classes", "scale", "original_size")
"""What comes with an image."""
Objects = tuple[list[np.ndarray], list[np.ndarray]]
"""Boxes [n, 4] and labels [n] of each image."""


class PreparedBoxes(NamedTuple):
    """The examples of each split, and what their classes are called."""

    splits: dict[str, Examples]
    class_names: tuple[str, ...]


def load_prepared_boxes(name: str, size: tuple[int, int]) -> PreparedBoxes:
    """Train, validation and test of `voc` (2007) or `coco` (2017), in the columns of `load_boxed`.

    Images are read and laid into `size` when a batch needs them. Where the test split was published
    without boxes, as coco's was, the published validation is tested on, and validation is a tenth
    of train, but no more than 5,000, by a fixed permutation. Objects that their publisher marks as
    difficult, or as crowds, are columns of their own: forgiven_boxes and forgiven_classes.
    """
    data_set = prepare_published(name)
    features, there = data_set.info.features, data_set.info.splits

    def examples(split: str) -> Examples:
        records = Records(data_set, split)

        def read(columns: Columns) -> Columns:
            return {**columns, "record": records.read(columns["number"])}

        def load(row: Columns) -> Columns:
            image = features.deserialize_example(row["record"])["image"]
            kept = {key: row[key] for key in LOADED}
            return {"image": letterboxed(image, size)[0], **kept}

        columns = {"number": np.arange(len(records)), **_boxes(records, features, size, split)}
        own_names = numbered(split, len(records))
        return Examples(columns, load, read=read, source=records.digest(), names=own_names)

    splits = {split: examples(split) for split in there if split in ("train", "validation", "test")}
    if not (splits["test"].columns["classes"] != NO_OBJECT).any():
        splits["test"] = splits.pop("validation")
        share = min(MOST_VALIDATION, max(1, len(splits["train"]) // 10))
        splits["train"], splits["validation"] = carve(splits["train"], share)
    return PreparedBoxes(splits, tuple(features["objects"]["label"].names))


def _boxes(records: Records, features: Any, size: tuple[int, int], split: str) -> Columns:
    """What is known of the objects of all examples; no image is decoded for it."""
    import tensorflow_datasets as tfds

    undecoded = {"image": tfds.decode.SkipDecoding()}
    examples = (
        tf.data.Dataset.range(len(records))
        .batch(READ_AT_ONCE)
        .map(records.read)
        .unbatch()
        .map(lambda record: features.deserialize_example(record, decoders=undecoded))
    )
    found: dict[str, Objects] = {"": ([], []), "forgiven_": ([], [])}
    scales, sizes = [], []
    for example in progress(
        examples.as_numpy_iterator(), f"Reading boxes of {split}", total=len(records)
    ):
        with Image.open(io.BytesIO(example["image"])) as image:
            width, height = image.size
        scale = np.float32(min(size[0] / height, size[1] / width))
        objects = example["objects"]
        # TFDS has top, left, bottom and right as parts of the image.
        corners = objects["bbox"][:, [1, 0, 3, 2]] * scale
        corners *= np.array([width, height] * 2, np.float32)
        has_area = (corners[:, 2:] > corners[:, :2]).all(axis=1)
        is_forgiven = np.any([objects[mark] for mark in FORGIVEN if mark in objects], axis=0)
        for (boxes, labels), are_such in zip(found.values(), (~is_forgiven, is_forgiven)):
            boxes.append(corners[has_area & are_such])
            labels.append(objects["label"][has_area & are_such])
        scales.append(scale)
        sizes.append((height, width))
    columns = {
        "scale": np.array(scales, np.float32),
        "original_size": np.array(sizes, np.int32),
    }
    for prefix, (boxes, labels) in found.items():
        columns[f"{prefix}boxes"], columns[f"{prefix}classes"] = padded_boxes(boxes, labels)
    return columns

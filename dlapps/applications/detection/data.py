"""Images with boxes around their objects: the data sets of detection."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.applications.detection.augmentation import BoxAugmentation
from dlapps.applications.detection.prepared import BUILDERS, load_prepared_boxes
from dlapps.config.section import BatchSize, DataSettings, Positive, Section, UserPath, check_path
from dlapps.data.boxes.folder import Boxed, load_box_folder
from dlapps.data.images.decoding import read_image
from dlapps.data.images.letterbox import letterboxed
from dlapps.data.sources.folders import IMAGES, map_in_threads, warn_of_unreadable
from dlapps.data.sources.published import load_published
from dlapps.data.splits import Data, Examples
from dlapps.datasets.shapes import CLASS_NAMES as SHAPES
from dlapps.datasets.shapes import make_boxed_shapes
from dlapps.errors import UsageError
from dlapps.models.vision.detector import NOTHING

BCCD_CLASSES = ("RBC", "WBC", "Platelets")
"""In TFDS' order: red cells, white cells, platelets."""
FOLDER_SIZE = (320, 320)
SHAPES_SIZE = (64, 64)
MEMORY_LIMIT = 2**32
ONLY_FOLDER = ("layout", "class_names")


class BoxedData(DataSettings):
    """Which images and boxes to learn from.

    shapes needs nothing; bccd, voc and coco are found in DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, or
    downloaded; box_folder reads `path`.
    """

    name: Literal["shapes", "bccd", "voc", "coco", "box_folder"]
    path: UserPath | None = None
    """box_folder: a folder of images with boxes as Pascal VOC's XML, COCO's JSON or YOLO's text."""
    layout: Literal["auto", "voc", "coco", "yolo"] = "auto"
    """box_folder: how boxes are written; auto: by what is there."""
    class_names: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """box_folder: what the classes are called; left out, what the boxes are."""
    image_size: tuple[Positive, Positive] | None = None
    """All but shapes: height and width, multiples of 32, that images are laid into as large as they
    fit; left out, 320x320."""
    num_examples: Positive = 2000
    """shapes: scenes for training; a fifth as many for validation and for test each."""
    batch_size: BatchSize = 8
    augmentation: BoxAugmentation = BoxAugmentation()

    @model_validator(mode="after")
    def _check_owner(self):
        check_path(self.path, self.name, ["box_folder"])
        for field in ONLY_FOLDER if self.name != "box_folder" else ():
            if getattr(self, field) != type(self).model_fields[field].default:
                raise ValueError(f"data.{field} is for box_folder; {self.name} has its own")
        if self.image_size is not None and self.name == "shapes":
            raise ValueError("data.image_size is for other data; shapes are 64x64")
        return self


class BoxedSpec(Section):
    """What a detector must know of its data."""

    image_shape: tuple[int, int, int]
    """Height, width and channels that images are laid into."""
    class_names: tuple[str, ...]
    scale: float | None = None
    """By how much the training images were made smaller or larger, in the median."""

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width."""
        return self.image_shape[:2]


BoxedExamples = Data[Examples, BoxedSpec]


def load_boxed(settings: BoxedData) -> BoxedExamples:
    """The data set that `settings` names.

    Columns: image uint8 [N, H, W, 3], boxes float32 [N, M, 4] (left, top, right and bottom in
    pixels of it), classes int32 [N, M], NOTHING where an image has fewer objects, and scale float32
    [N], by which the image was made smaller or larger. shapes: generated apart for each split.
    bccd: 205 / 87 / 72 as published. voc, coco: as `load_prepared_boxes` reads them, their images
    when they are needed. box_folder: as `load_box_folder` divides it.
    """
    data = _load(settings)
    scale = float(np.median(data["train"].columns["scale"]))
    return dataclasses.replace(data, spec=data.spec.model_copy(update={"scale": scale}))


def _load(settings: BoxedData) -> BoxedExamples:
    if settings.name == "shapes":
        return _shapes(settings.num_examples)
    size = settings.image_size or FOLDER_SIZE
    if settings.name == "bccd":
        return _bccd(size)
    if settings.name in BUILDERS:
        prepared = load_prepared_boxes(settings.name, size)
        spec = BoxedSpec(image_shape=(*size, 3), class_names=prepared.class_names)
        return Data(prepared.splits, spec)
    assert settings.path is not None, "the settings were checked"
    folder = load_box_folder(settings.path, settings.layout, settings.class_names)
    count = sum(map(len, folder.splits.values()))
    if count * size[0] * size[1] * 3 > MEMORY_LIMIT:
        raise UsageError(
            f"The {count} images of {settings.path} do not fit into memory at "
            f"{size[0]}x{size[1]}; make them smaller with data.image_size."
        )
    splits = {
        split: _read(boxed, folder.class_names, size, split)
        for split, boxed in folder.splits.items()
    }
    return Data(splits, BoxedSpec(image_shape=(*size, 3), class_names=folder.class_names))


def _shapes(num_examples: int) -> BoxedExamples:
    held_out = max(1, num_examples // 5)
    sizes = {"train": num_examples, "validation": held_out, "test": held_out}
    splits = {}
    for seed, (split, count) in enumerate(sizes.items()):
        columns = make_boxed_shapes(count, seed=seed)
        splits[split] = Examples({**columns, "scale": np.ones(count, np.float32)})
    return Data(splits, BoxedSpec(image_shape=(*SHAPES_SIZE, 3), class_names=SHAPES[1:]))


def _bccd(size: tuple[int, int]) -> BoxedExamples:
    splits = {}
    for split, columns in load_published("bccd").items():
        images = columns["image"]
        sides = np.array([[*image.shape[1::-1]] * 2 for image in images], np.float32)
        # TFDS has top, left, bottom and right as parts of the image.
        boxes = [
            each[:, [1, 0, 3, 2]] * side
            for each, side in zip(columns["objects/bbox"], sides, strict=True)
        ]
        laid = [letterboxed(tf.constant(image), size) for image in images]
        splits[split] = _examples(laid, boxes, list(columns["objects/label"]))
    return Data(splits, BoxedSpec(image_shape=(*size, 3), class_names=BCCD_CLASSES))


def _read(
    boxed: Sequence[Boxed], class_names: Sequence[str], size: tuple[int, int], split: str
) -> Examples:
    def read(each: Boxed) -> tuple[tf.Tensor, tf.Tensor] | None:
        try:
            return letterboxed(tf.constant(read_image(each.path, (None, None, 3))), size)
        except UsageError:
            return None

    laid = map_in_threads(read, boxed, f"Reading {split} images")
    warn_of_unreadable(
        [each.path for each, image in zip(boxed, laid, strict=True) if image is None],
        len(boxed),
        IMAGES,
    )
    readable = [(each, image) for each, image in zip(boxed, laid, strict=True) if image is not None]
    if not readable:
        raise UsageError(f"None of the {split} images can be decoded.")
    number = {name: index for index, name in enumerate(class_names)}
    return _examples(
        [image for _, image in readable],
        [each.boxes for each, _ in readable],
        [np.array([number[name] for name in each.names], np.int32) for each, _ in readable],
    )


def _examples(
    laid: Sequence[tuple[tf.Tensor, tf.Tensor]],
    boxes: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
) -> Examples:
    """The images as they lie in theirs, with the boxes of each in pixels of the original."""
    most = max(1, *(len(each) for each in labels))
    padded = np.zeros((len(laid), most, 4), np.float32)
    padded_labels = np.full((len(laid), most), NOTHING, np.int32)
    scales = np.array([float(scale) for _, scale in laid], np.float32)
    for row, (its, of_each) in enumerate(zip(boxes, labels, strict=True)):
        padded[row, : len(its)] = its * scales[row]
        padded_labels[row, : len(its)] = of_each
    images = np.stack([np.asarray(image) for image, _ in laid])
    return Examples({"image": images, "boxes": padded, "classes": padded_labels, "scale": scales})

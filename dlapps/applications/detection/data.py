"""Images with boxes around their objects: the data sets of detection."""

import dataclasses
import functools
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from dlapps.applications.detection.augmentation import BoxAugmentation
from dlapps.applications.detection.prepared import PREPARED, load_prepared_boxes
from dlapps.config.section import BatchSize, DataSettings, Positive, Section, UserPath, check_path
from dlapps.data.boxes.columns import BCCD_CLASSES, bccd_columns, box_folder_columns
from dlapps.data.images.letterbox import letterboxed
from dlapps.data.splits import Data, Examples
from dlapps.datasets.shapes import CLASS_NAMES as SHAPES
from dlapps.datasets.shapes import make_boxed_shapes, make_splits

FOLDER_SIZE = (320, 320)
SHAPES_SIZE = (64, 64)
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
    pixels of it), classes int32 [N, M], NO_OBJECT where an image has fewer objects, scale float32
    [N], by which the image was made smaller or larger, and original_size int32 [N, 2], height and
    width before. shapes: generated apart for each split. bccd: 205 / 87 / 72 as published. voc,
    coco: as `load_prepared_boxes` reads them, their images when they are needed. box_folder: as
    `load_box_folder` divides it.
    """
    data = _load(settings)
    scale = float(np.median(data["train"].columns["scale"]))
    return dataclasses.replace(data, spec=data.spec.model_copy(update={"scale": scale}))


def _load(settings: BoxedData) -> BoxedExamples:
    if settings.name == "shapes":
        return _shapes(settings.num_examples)
    size = settings.image_size or FOLDER_SIZE
    if settings.name in PREPARED:
        prepared = load_prepared_boxes(settings.name, size)
        spec = BoxedSpec(image_shape=(*size, 3), class_names=prepared.class_names)
        return Data(prepared.splits, spec)
    lay = functools.partial(letterboxed, size=size)
    if settings.name == "bccd":
        splits, class_names = bccd_columns(size, lay), BCCD_CLASSES
    else:
        assert settings.path is not None, "the settings were checked"
        splits, class_names = box_folder_columns(
            settings.path, settings.layout, settings.class_names, size, lay
        )
    spec = BoxedSpec(image_shape=(*size, 3), class_names=class_names)
    return Data({split: Examples(columns) for split, columns in splits.items()}, spec)


def _shapes(num_examples: int) -> BoxedExamples:
    splits = {}
    for split, columns in make_splits(make_boxed_shapes, num_examples).items():
        del columns["mask"]  # Of boxes alone is learned.
        count = len(columns["image"])
        laid = {
            "scale": np.ones(count, np.float32),
            "original_size": np.tile(np.array(SHAPES_SIZE, np.int32), (count, 1)),
        }
        splits[split] = Examples(columns | laid)
    return Data(splits, BoxedSpec(image_shape=(*SHAPES_SIZE, 3), class_names=SHAPES[1:]))

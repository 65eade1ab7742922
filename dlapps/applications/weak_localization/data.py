"""Images of which it is known what is in them: the data sets of weak localization."""

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.config.section import BatchSize, DataSettings, Positive, Section, UserPath, check_path
from dlapps.data.boxes.columns import (
    BCCD_CLASSES,
    MEMORY_LIMIT,
    NO_OBJECT,
    BoxColumns,
    Laid,
    bccd_columns,
    box_columns,
    box_folder_columns,
    check_memory,
    lay_files,
)
from dlapps.data.images.augmentation import NUM_DRAWS, Augmentation, augment
from dlapps.data.images.colour import NUM_COLOUR_DRAWS, ColourAugmentation, recoloured
from dlapps.data.images.decoding import fitted, to_unit_interval
from dlapps.data.images.folder import load_image_folder
from dlapps.data.sources.folders import IMAGES, SPLITS
from dlapps.data.splits import Data, Examples, carve_tenths
from dlapps.datasets.shapes import CLASS_NAMES as SHAPES
from dlapps.datasets.shapes import make_boxed_shapes, make_splits
from dlapps.errors import UsageError

logger = logging.getLogger(__name__)

BACKGROUND = "background"
"""The folder of images in which there is nothing of any class."""
FOLDER_SIZE = (224, 224)
SHAPES_SIZE = (64, 64)
FOLDERS = ("box_folder", "image_folder")
OF_FOLDERS = {
    "layout": ("box_folder",),
    "class_names": ("box_folder",),
    "background": ("box_folder",),
    "image_size": ("bccd", *FOLDERS),
}
MOST_CLASSES = 254
"""A mask's pixel is one byte, of which 0 is none and 255 is what a segmentation ignores."""
NUM_PRESENCE_DRAWS = NUM_DRAWS + 1 + NUM_COLOUR_DRAWS


class PresenceAugmentation(Augmentation):
    """How far images may be changed without changing what is in them; all zero leaves them."""

    vertical_flip: bool = False
    """Mirror top and bottom half of the time."""
    colour: ColourAugmentation = ColourAugmentation()


class WeakData(DataSettings):
    """Which images to learn from, by what is in them.

    shapes needs nothing; bccd is found in DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, or downloaded;
    box_folder and image_folder read `path`.
    """

    name: Literal["shapes", "bccd", "box_folder", "image_folder"]
    path: UserPath | None = None
    """box_folder: images with boxes as Pascal VOC's XML, COCO's JSON or YOLO's text, of which
    training sees only what they are around; image_folder: one folder a class, and one called
    background for images with nothing of any."""
    layout: Literal["auto", "voc", "coco", "yolo"] = "auto"
    """box_folder: how boxes are written; auto: by what is there."""
    class_names: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """box_folder: what the classes are called; left out, what the boxes are."""
    background: UserPath | None = None
    """box_folder: a folder of further images, in which there is nothing of any class."""
    image_size: tuple[Positive, Positive] | None = None
    """bccd and folders: height and width, multiples of 32, that images are stretched to; left out,
    224x224."""
    num_examples: Positive = 2000
    """shapes: scenes for training; a fifth as many for validation and for test each."""
    batch_size: BatchSize = 16
    augmentation: PresenceAugmentation = PresenceAugmentation()

    @model_validator(mode="after")
    def _check_owner(self):
        check_path(self.path, self.name, FOLDERS)
        for field, owners in OF_FOLDERS.items():
            given = getattr(self, field) != type(self).model_fields[field].default
            if given and self.name not in owners:
                raise ValueError(f"data.{field} is for {' and '.join(owners)}, not {self.name}")
        return self


class WeakSpec(Section):
    """What a network must know of its data."""

    image_shape: tuple[int, int, int]
    """Height, width and channels that images are stretched to."""
    class_names: tuple[str, ...]


WeakExamples = Data[Examples, WeakSpec]


def load_weak(settings: WeakData) -> WeakExamples:
    """The data set that `settings` names.

    Columns of train: image uint8 [N, H, W, 3] and presence float32 [N, C], 1 where an image has a
    class. There is nothing else in it that could be learned from. Validation and test have boxes
    and classes too, as in `BoxColumns`, but for image_folder; and those of shapes a mask uint8
    [N, H, W], the class of each pixel counted from 1 on.
    """
    if settings.name == "shapes":
        return _shapes(settings.num_examples)
    size = settings.image_size or FOLDER_SIZE
    if settings.name == "image_folder":
        return _image_folder(settings, size)
    lay = functools.partial(stretched, size=size)
    if settings.name == "bccd":
        splits, class_names = bccd_columns(size, lay), BCCD_CLASSES
    else:
        assert settings.path is not None, "the settings were checked"
        splits, class_names = box_folder_columns(
            settings.path, settings.layout, settings.class_names, size, lay
        )
        if settings.background:
            splits = _with_background(splits, settings.background, size)
    return _data(splits, class_names)


def stretched(image: tf.Tensor, size: tuple[int, int]) -> tuple[tf.Tensor, tf.Tensor]:
    """The uint8 image [h, w, 3] at a height and width, and its scales: of width and of height.

    How far boxes overlap does not change with them.
    """
    sides = tf.cast(tf.shape(image)[1::-1], tf.float32)
    return fitted(image, (*size, 3)), tf.constant(size[::-1], tf.float32) / sides


def weakened(columns: BoxColumns, num_classes: int) -> dict[str, np.ndarray]:
    """What may be learned from: the images, and which classes each has; no box and no mask."""
    present = [(columns["classes"] == label).any(axis=1) for label in range(num_classes)]
    return {"image": columns["image"], "presence": np.stack(present, axis=1).astype(np.float32)}


def augmented_images(
    images: tf.Tensor, draws: tf.Tensor, settings: PresenceAugmentation
) -> tf.Tensor:
    """Views of uint8 images [N, H, W, 3] in [0, 1]; draws: [N, NUM_PRESENCE_DRAWS]."""
    affine, vertical, colours = tf.split(draws, [NUM_DRAWS, 1, NUM_COLOUR_DRAWS], axis=1)
    views = augment(to_unit_interval(images), affine, settings)
    if settings.vertical_flip:
        views = tf.where(vertical[:, :, None, None] < 0.5, views[:, ::-1], views)
    return views if settings.colour.is_identity else recoloured(views, colours, settings.colour)


def _data(splits: dict[str, BoxColumns], class_names: tuple[str, ...]) -> WeakExamples:
    examples = {}
    for split, columns in splits.items():
        known = weakened(columns, len(class_names))
        if split != "train":
            known |= {key: columns[key] for key in columns if key in ("boxes", "classes", "mask")}
        examples[split] = Examples(known)
    _check_presence(examples["train"], class_names)
    shape = splits["train"]["image"].shape[1:]
    return Data(examples, WeakSpec(image_shape=shape, class_names=class_names))


def _check_presence(train: Examples, class_names: Sequence[str]) -> None:
    """Raises UsageError where all training images have all classes, or masks cannot tell so many.

    Names the classes that all images have.
    """
    if len(class_names) > MOST_CLASSES:
        raise UsageError(
            f"There are {len(class_names)} classes, and masks tell {MOST_CLASSES} apart at most: "
            "leave some out."
        )
    is_everywhere = train.columns["presence"].min(axis=0) > 0
    names = ", ".join(np.array(class_names)[is_everywhere])
    if is_everywhere.all():
        raise UsageError(
            f"All training images have the same in them ({names}), so that presence tells nothing. "
            "Add images without: a folder that data.background names (box_folder), or a folder "
            f"called {BACKGROUND} (image_folder)."
        )
    if names:
        logger.warning("All training images have %s: where it is cannot be learned.", names)


def _shapes(num_examples: int) -> WeakExamples:
    return _data({**make_splits(make_boxed_shapes, num_examples)}, SHAPES[1:])


def _image_folder(settings: WeakData, size: tuple[int, int]) -> WeakExamples:
    assert settings.path is not None, "the settings were checked"
    folder = load_image_folder(settings.path, size, 3, MEMORY_LIMIT)
    names = [name for name in folder.class_names if name.lower() != BACKGROUND]
    if not names or any("image" not in columns for columns in folder.splits.values()):
        problem = (
            f"do not fit into memory at {size[0]}x{size[1]}; make them smaller with data.image_size"
            if names
            else f"are all in {BACKGROUND}; add a folder for each class of things"
        )
        raise UsageError(f"The images of {settings.path} {problem}.")
    numbers = [names.index(name) if name in names else NO_OBJECT for name in folder.class_names]
    splits = {
        split: Examples(
            weakened(
                {
                    "image": columns["image"],
                    "classes": np.array(numbers)[columns["label"]][:, None],
                },
                len(names),
            ),
            names=folder.names[split],
        )
        for split, columns in folder.splits.items()
    }
    _check_presence(splits["train"], names)
    return Data(splits, WeakSpec(image_shape=(*size, 3), class_names=tuple(names)))


def _with_background(
    splits: dict[str, BoxColumns], path: Path, size: tuple[int, int]
) -> dict[str, BoxColumns]:
    """The splits with images without objects: a tenth for validation and for test each."""
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in IMAGES.suffixes)
    count = len(files) + sum(len(columns["image"]) for columns in splits.values())
    check_memory(count, size, f"data.path and {path}")
    laid = lay_files(files, functools.partial(stretched, size=size), "Reading background images")
    readable = [image for image in laid if image is not None]
    if len(readable) < len(SPLITS):
        raise UsageError(
            f"data.background {path} has {len(readable)} images that can be read, too few for "
            "train, validation and test: give a folder of photographs without any of the things."
        )
    parts = carve_tenths(readable, ["validation", "test"])
    return {split: _joined(columns, parts[split]) for split, columns in splits.items()}


def _joined(columns: BoxColumns, further: list[Laid]) -> BoxColumns:
    most = columns["classes"].shape[1]
    none = [np.zeros((0, 4), np.float32)] * len(further)
    added = box_columns(further, none, [np.zeros(0, np.int32)] * len(further))
    widened = {
        **added,
        "boxes": np.repeat(added["boxes"], most, axis=1),
        "classes": np.repeat(added["classes"], most, axis=1),
    }
    return {name: np.concatenate([columns[name], widened[name]]) for name in columns}

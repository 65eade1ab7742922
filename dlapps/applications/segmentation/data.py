"""Images with a mask, the class of every pixel: the data sets of segmentation."""

from typing import Annotated, Literal

import numpy as np
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.applications.segmentation.augmentation import PairedAugmentation
from dlapps.applications.segmentation.mask_folder import load_mask_folder
from dlapps.applications.segmentation.mask_values import VOID, as_number
from dlapps.config.section import BatchSize, DataSettings, Positive, Section, UserPath, check_path
from dlapps.data.images.decoding import fitted
from dlapps.data.sources.published import Example, load_published
from dlapps.data.splits import Data, Examples, carve
from dlapps.datasets.shapes import CLASS_NAMES as SHAPE_CLASSES
from dlapps.datasets.shapes import make_shapes, make_splits
from dlapps.errors import UsageError

ISBI_VALIDATION = 4
ISBI_FOLDS = 5
ISBI_CLASSES = ("membrane", "cell")
PET_CLASSES = ("background", "pet", "border")
PET_VALUES = (2, 1, 3)
"""Those of its trimaps, in the order of the classes."""
PET_SIZE = (128, 128)
RESIZED = ("mask_folder", "oxford_iiit_pet")
FOLDER_ONLY = ("channels", "class_names", "mask_values", "void_value", "instances")
MaskValue = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
MaskValues = tuple[MaskValue, ...]


class MaskedData(DataSettings):
    """Which images and masks to learn from.

    shapes needs nothing; isbi2012 and camvid are found in DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR;
    oxford_iiit_pet is found there or downloaded; mask_folder reads `path`.
    """

    name: Literal["isbi2012", "camvid", "oxford_iiit_pet", "shapes", "mask_folder"]
    path: UserPath | None = None
    """mask_folder: the folder of images/ and masks/, or of train/, validation/, test/ with both."""
    image_size: tuple[Positive, Positive] | None = None
    """mask_folder, oxford_iiit_pet: height and width to resize to; left out, the images' own if
    they agree, and 128x128 for oxford_iiit_pet."""
    channels: Literal["auto", 1, 3] = "auto"
    """mask_folder: 1 for grey, 3 for colour; auto: grey if every image is."""
    class_names: Annotated[tuple[str, ...], Field(min_length=2, max_length=VOID)] | None = None
    """mask_folder: what the classes are called, in the order of their values in the masks."""
    mask_values: Annotated[MaskValues, Field(min_length=2, max_length=VOID)] | None = None
    """mask_folder: the value of each class in the masks, a number or a colour such as "#ff8000";
    left out, those found, in order."""
    void_value: MaskValue | None = None
    """mask_folder: the value of pixels that belong to no class and count for nothing."""
    instances: bool = False
    """mask_folder: whether masks tell objects apart: each value but 0 is one, or each file of a
    folder of masks that has the image's name. The classes are background and object."""
    fold: Annotated[int, Field(ge=0, lt=ISBI_FOLDS)] = 0
    """isbi2012: which fifth of the sections is tested on."""
    num_examples: Positive = 1000
    """shapes: scenes for training; a fifth as many for validation and for test each."""
    batch_size: BatchSize = 8
    augmentation: PairedAugmentation = PairedAugmentation()

    @model_validator(mode="after")
    def _check_owner(self):
        check_path(self.path, self.name, ["mask_folder"])
        for field in FOLDER_ONLY if self.name != "mask_folder" else ():
            if getattr(self, field) != type(self).model_fields[field].default:
                raise ValueError(f"data.{field} is for mask_folder; {self.name} has its own")
        if self.image_size is not None and self.name not in RESIZED:
            raise ValueError(f"data.image_size is for {' and '.join(RESIZED)}")
        if self.fold and self.name != "isbi2012":
            raise ValueError(f"data.fold is for isbi2012; {self.name} has one test split")
        return self

    @model_validator(mode="after")
    def _check_classes(self):
        names, values = self.class_names, self.mask_values
        void = () if self.void_value is None else (self.void_value,)
        if self.instances and (values or void):
            raise ValueError("data.instances goes without mask_values and void_value")
        if self.instances and names and len(names) != 2:
            raise ValueError("with data.instances there are two classes, background and object")
        if names and values and len(names) != len(values):
            raise ValueError("data.class_names and data.mask_values differ in number")
        if names and len(set(names)) < len(names):
            raise ValueError("data.class_names has one name twice")
        if values and len({isinstance(value, str) for value in (*values, *void)}) > 1:
            raise ValueError("data.mask_values and void_value are all numbers, or all colours")
        if values and len(set(map(as_number, values))) < len(values):
            raise ValueError("data.mask_values has one value twice")
        if values and {*map(as_number, void)} & {*map(as_number, values)}:
            raise ValueError(f"data.void_value {self.void_value} is also one of data.mask_values")
        return self


class MaskSpec(Section):
    """What a segmentation must know of its data."""

    channels: int
    """1 for grey images, 3 for colour."""
    class_names: tuple[str, ...]
    image_size: tuple[int, int] | None = None
    """Height and width that every image is resized to; None: each is taken at its own scale."""
    balancing_weights: tuple[float, ...] | None = None
    """How much a pixel of each class counts in a loss that is balanced; None: it is not."""


MaskedExamples = Data[Examples, MaskSpec]


def load_masks(settings: MaskedData) -> MaskedExamples:
    """The data set that `settings` names: columns image uint8 [N, H, W, C], mask uint8 [N, H, W].

    isbi2012: 20 / 4 / 6 sections; the test sections are every fifth of the stack, or in folds 1 to
    4 a quarter of the others by a fixed permutation, as are those for validation. camvid: 367 / 101
    / 233 frames, as its publisher split them. oxford_iiit_pet: as published, with a tenth of train
    for validation by a fixed permutation. shapes: generated apart for each split. mask_folder:
    its own split folders, or a fixed 80 / 10 / 10. A mask holds class indices, and VOID where a
    pixel counts for nothing. Raises UsageError for data that cannot be used, and for a crop that is
    larger than the images. With instances there is a column of that name too, uint16 [N, H, W]: a
    number for each object, and 0.
    """
    if settings.name == "isbi2012":
        data = _isbi2012(settings.fold)
    elif settings.name == "camvid":
        data = _camvid()
    elif settings.name == "oxford_iiit_pet":
        data = _pets(settings.image_size or PET_SIZE)
    elif settings.name == "shapes":
        data = _shapes(settings.num_examples)
    else:
        data = _mask_folder(settings)
    crop = settings.augmentation.crop
    height, width = data["train"].columns["mask"].shape[1:]
    if crop and crop > min(height, width):
        raise UsageError(
            f"data.augmentation.crop {crop} is larger than the images, which are {height}x{width}."
        )
    return data


def _mask_folder(settings: MaskedData) -> MaskedExamples:
    assert settings.path is not None, "the settings were checked"
    folder = load_mask_folder(
        settings.path,
        settings.image_size,
        settings.channels,
        settings.class_names,
        settings.mask_values,
        settings.void_value,
        settings.instances,
    )
    splits = {name: Examples(columns) for name, columns in folder.splits.items()}
    return Data(
        splits,
        MaskSpec(
            channels=folder.channels,
            class_names=folder.class_names,
            image_size=folder.resized_to,
        ),
    )


def _isbi2012(fold: int) -> MaskedExamples:
    published = {
        name: Examples({"image": columns["image"], "mask": columns["mask"][..., 0]})
        for name, columns in load_published("isbi2012").items()
    }
    learned, test = published["train"], published["test"]
    if fold:
        order = np.random.RandomState(0).permutation(len(learned))
        tested = np.array_split(order, ISBI_FOLDS - 1)[fold - 1]
        others = learned[np.setdiff1d(order, tested)]
        columns = {
            name: np.concatenate([column, others.columns[name]])
            for name, column in test.columns.items()
        }
        learned, test = Examples(columns), learned[np.sort(tested)]
    train, validation = carve(learned, ISBI_VALIDATION)
    return Data(
        {"train": train, "validation": validation, "test": test},
        MaskSpec(channels=1, class_names=ISBI_CLASSES),
    )


def _camvid() -> MaskedExamples:
    # Its package imports TensorFlow Datasets, which takes seconds.
    from dlapps.datasets.camvid import CLASS_NAMES, VOID_CLASS

    splits = {}
    for name, columns in load_published("camvid").items():
        mask = columns["mask"][..., 0]
        mask = np.where(mask == VOID_CLASS, VOID, mask).astype(np.uint8)
        splits[name] = Examples({"image": columns["image"], "mask": mask})
    return Data(splits, MaskSpec(channels=3, class_names=CLASS_NAMES))


def _pets(size: tuple[int, int]) -> MaskedExamples:
    classes = np.zeros(256, np.uint8)
    classes[[*PET_VALUES]] = range(len(PET_VALUES))

    def smaller(example: Example) -> Example:
        mask = tf.image.resize(example["segmentation_mask"], size, method="nearest")
        return {"image": fitted(example["image"], (*size, 3)), "mask": mask[..., 0]}

    published = {
        name: Examples({"image": columns["image"], "mask": classes[columns["mask"]]})
        for name, columns in load_published("oxford_iiit_pet", prepare=smaller).items()
    }
    train, validation = carve(published["train"], max(1, len(published["train"]) // 10))
    return Data(
        {"train": train, "validation": validation, "test": published["test"]},
        MaskSpec(channels=3, class_names=PET_CLASSES, image_size=size),
    )


def _shapes(num_examples: int) -> MaskedExamples:
    made = make_splits(make_shapes, num_examples)
    splits = {split: Examples(columns) for split, columns in made.items()}
    return Data(splits, MaskSpec(channels=3, class_names=SHAPE_CLASSES))

"""Images and points with a class label: the data sets of recognition and generation."""

from typing import Annotated, ClassVar, Literal, TypeVar

import numpy as np
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.config.section import BatchSize, Positive, Section, UserPath, check_path
from dlapps.data.batches import Columns
from dlapps.data.images.augmentation import Augmentation
from dlapps.data.images.decoding import decode_image
from dlapps.data.images.folder import load_image_folder
from dlapps.data.images.prepared import load_prepared
from dlapps.data.selection import SelectedData, without_fold, without_listed
from dlapps.data.sources.point_file import load_point_file
from dlapps.data.sources.published import load_published
from dlapps.data.splits import Data, Examples, carve, numbered
from dlapps.datasets.digits import TEST_SIZE, load_digits
from dlapps.datasets.points import make_points
from dlapps.datasets.shapes import CLASS_NAMES as SHAPES
from dlapps.datasets.shapes import make_shapes
from dlapps.errors import UsageError

DIGITS_VALIDATION = 180
MNIST_VALIDATION = 5_000
FASHION_CLASSES = (
    "t-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
DIGIT_CLASSES = tuple("0123456789")


SourceName = Literal[
    "digits", "shapes", "mnist", "fashion_mnist", "image_folder", "tfds", "blobs", "xor",
    "rings", "spirals", "point_file",
]  # fmt: skip


class LabelledData(SelectedData):
    """Which labelled data to learn from.

    digits, shapes, blobs, xor, rings and spirals need nothing; mnist and fashion_mnist are found
    in DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, or downloaded; image_folder and point_file read `path`;
    tfds is any data set of TensorFlow Datasets with images and labels, read from the disk as it is
    needed.
    """

    name: str
    """One of SourceName, of which each application takes some."""
    path: UserPath | None = None
    """image_folder: the folder of class folders, with or without train, validation and test.
    point_file: a CSV file of points, whose first line is x,y,class.
    tfds: in place of `builder`, the folder of one version that TFDS prepared."""
    builder: str | None = None
    """tfds: the name and version of the data set, such as imagenet2012:5.1.0."""
    test_split: str | None = None
    """tfds: the split to be measured on; left out, test, or validation where there is none."""
    image_size: tuple[Positive, Positive] | None = None
    """image_folder, tfds: height and width to resize to; left out, the images' own if they
    agree."""
    channels: Literal["auto", 1, 3] = "auto"
    """image_folder, tfds: 1 for grey, 3 for colour; auto: grey if every image is."""
    num_examples: Positive = 2000
    """Generated scenes and points: how many for training; half as many for validation and test
    each."""
    noise: Annotated[float, Field(ge=0)] | None = None
    """Generated points: spread around the pattern; left out, each set's own."""
    num_train: Positive | None = None
    """How many of the examples to learn from, the first by a fixed permutation; left out, all."""
    batch_size: BatchSize = 128
    augmentation: Augmentation = Augmentation()

    read_from_path: ClassVar[tuple[str, ...]] = ("image_folder", "point_file")

    @model_validator(mode="after")
    def _check_path(self):
        if self.name != "tfds":
            check_path(self.path, self.name, self.read_from_path)
            if self.builder or self.test_split:
                raise ValueError("data.builder and data.test_split go with data.name tfds only")
        elif (self.path is None) == (self.builder is None):
            raise ValueError(
                "tfds is read from one of data.builder, such as mnist:3.0.1, and data.path, the "
                "folder of a data set that is prepared"
            )
        return self


class LabelledSpec(Section):
    """What a classifier must know of its data."""

    input_shape: tuple[int, ...]
    """(height, width, channels) of an image or (2,) of a point."""
    class_names: tuple[str, ...]

    @property
    def is_image(self) -> bool:
        """Whether the inputs are images rather than points."""
        return len(self.input_shape) == 3

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        height, width, channels = self.input_shape
        return height, width, channels


LabelledExamples = Data[Examples, LabelledSpec]
SpecT = TypeVar("SpecT", bound=LabelledSpec)


def load_labelled(settings: LabelledData) -> LabelledExamples:
    """The data set that `settings` names, in its fixed splits.

    digits: 1,257 / 180 / 360 by a fixed permutation. shapes: scenes of 64 pixels whose shapes are
    all circles, all squares or all triangles. mnist and fashion_mnist: the official test
    split; 5,000 of the official 60,000 for training are carved for validation by a fixed
    permutation. image_folder: its own split folders, or a fixed stratified 80 / 10 / 10. tfds: as
    `load_prepared` says. point_file: 80 / 10 / 10 of each class. Without those that `data.exclude`
    lists; of those to learn from, `data.num_train` are left where it is given, and of these those
    outside of `data.left_out`. UsageError where there are fewer.
    """
    return selected(_all_of(settings), settings)


def selected(data: Data[Examples, SpecT], settings: LabelledData) -> Data[Examples, SpecT]:
    """The data without what `settings` leaves out; see `load_labelled`."""
    data = without_listed(data, settings.exclude)
    return without_fold(_first_of_train(data, settings), settings.left_out)


def _first_of_train(data: Data[Examples, SpecT], settings: LabelledData) -> Data[Examples, SpecT]:
    if settings.num_train is None:
        return data
    train = data["train"]
    if settings.num_train > len(train):
        raise UsageError(
            f"data.num_train is {settings.num_train}, but {settings.name} has {len(train)} "
            "examples to learn from; ask for at most as many."
        )
    _, chosen = carve(train, settings.num_train)
    return Data({**data.splits, "train": chosen}, data.spec)


def _all_of(settings: LabelledData) -> LabelledExamples:
    if settings.name == "digits":
        return _digits()
    if settings.name == "shapes":
        return _shapes(settings.num_examples)
    if settings.name == "image_folder":
        return _image_folder(settings)
    if settings.name == "point_file":
        return _point_file(settings)
    if settings.name == "tfds":
        prepared = load_prepared(
            settings.builder, settings.path, settings.image_size, settings.channels,
            settings.test_split,
        )  # fmt: skip
        spec = LabelledSpec(input_shape=prepared.image_shape, class_names=prepared.class_names)
        return Data(prepared.splits, spec)
    if settings.name in ("mnist", "fashion_mnist"):
        return _published(settings.name)
    return _points(settings)


def _digits() -> LabelledExamples:
    images, labels = load_digits()
    everything = Examples({"image": images, "label": labels}, names=numbered("all", len(labels)))
    return _carved(everything, TEST_SIZE, DIGITS_VALIDATION, DIGIT_CLASSES)


def _shapes(num_train: int) -> LabelledExamples:
    scenes = make_shapes(2 * num_train, one_class=True)
    # A scene shows its class and the ground, which is class 0.
    labels = scenes["mask"].max(axis=(1, 2)).astype(np.int64) - 1
    columns = {"image": scenes["image"], "label": labels}
    everything = Examples(columns, names=numbered("all", len(labels)))
    return _carved(everything, num_train // 2, num_train // 2, SHAPES[1:])


def _published(name: str) -> LabelledExamples:
    splits = {
        split: Examples(columns, names=numbered(split, len(columns["label"])))
        for split, columns in load_published(name).items()
    }
    train, validation = carve(splits["train"], MNIST_VALIDATION)
    test = splits["test"]
    classes = FASHION_CLASSES if name == "fashion_mnist" else DIGIT_CLASSES
    shape = test.columns["image"].shape[1:]
    return Data(
        {"train": train, "validation": validation, "test": test},
        LabelledSpec(input_shape=shape, class_names=classes),
    )


def _points(settings: LabelledData) -> LabelledExamples:
    points, labels = make_points(settings.name, 2 * settings.num_examples, settings.noise, seed=0)
    held_out = settings.num_examples // 2
    names = tuple(f"class {label}" for label in np.unique(labels))
    everything = Examples({"point": points, "label": labels}, names=numbered("all", len(labels)))
    return _carved(everything, held_out, held_out, names)


def _point_file(settings: LabelledData) -> LabelledExamples:
    assert settings.path is not None, "the settings were checked"
    loaded = load_point_file(settings.path)
    splits = {
        name: Examples(columns, names=loaded.names[name]) for name, columns in loaded.splits.items()
    }
    return Data(splits, LabelledSpec(input_shape=(2,), class_names=loaded.class_names))


def _carved(
    everything: Examples, num_test: int, num_validation: int, class_names: tuple[str, ...]
) -> LabelledExamples:
    rest, test = carve(everything, num_test)
    train, validation = carve(rest, num_validation)
    (inputs,) = (train.columns[name] for name in train.columns if name != "label")
    return Data(
        {"train": train, "validation": validation, "test": test},
        LabelledSpec(input_shape=inputs.shape[1:], class_names=class_names),
    )


def _image_folder(settings: LabelledData) -> LabelledExamples:
    assert settings.path is not None, "the settings were checked"
    folder = load_image_folder(settings.path, settings.image_size, settings.channels)
    spec = LabelledSpec(input_shape=folder.image_shape, class_names=folder.class_names)

    def load(row: Columns) -> Columns:
        """Reads the image of one row, for folders too large to hold."""
        image = decode_image(tf.io.read_file(row["path"]), folder.image_shape)
        return {"image": image, "label": row["label"]}

    splits = {
        name: Examples(columns, load, ("path",), names=folder.names[name])
        if "path" in columns
        else Examples(columns, names=folder.names[name])
        for name, columns in folder.splits.items()
    }
    return Data(splits, spec)

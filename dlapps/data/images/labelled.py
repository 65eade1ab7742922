"""Images and points with a class label: the data sets of recognition and generation."""

import dataclasses
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from dlapps.config.section import Positive, Section, UserPath, check_path
from dlapps.data.images.augmentation import Augmentation
from dlapps.data.images.decoding import decode_image
from dlapps.data.images.folder import load_image_folder
from dlapps.data.sources.published import load_published
from dlapps.data.splits import Examples, Splits, carve
from dlapps.datasets.digits import TEST_SIZE, load_digits
from dlapps.datasets.points import make_points

DIGITS_VALIDATION = 180
MNIST_VALIDATION = 5_000
FASHION_CLASSES = (
    "t-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
DIGIT_CLASSES = tuple("0123456789")


class LabelledData(Section):
    """Which labelled data to learn from.

    digits, blobs, xor, rings and spirals need nothing; mnist and fashion_mnist are found in
    DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, or downloaded; image_folder reads `path`.
    """

    name: Literal[
        "digits", "mnist", "fashion_mnist", "image_folder", "blobs", "xor", "rings", "spirals"
    ]
    path: UserPath | None = None
    """image_folder: the folder of class folders, with or without train, validation and test."""
    image_size: tuple[Positive, Positive] | None = None
    """image_folder: height and width to resize to; left out, the images' own if they agree."""
    channels: Literal["auto", 1, 3] = "auto"
    """image_folder: 1 for grey, 3 for colour; auto: grey if every image is."""
    num_examples: Positive = 2000
    """Point sets: how many to draw for training; half as many for validation and test each."""
    noise: Annotated[float, Field(ge=0)] | None = None
    """Point sets: spread around the pattern; left out, each set's own."""
    batch_size: Positive = 128
    augmentation: Augmentation = Augmentation()

    @model_validator(mode="after")
    def _check_path(self):
        check_path(self.path, self.name, ["image_folder"])
        return self


@dataclasses.dataclass(frozen=True)
class LabelledSpec:
    """What a classifier must know of its data."""

    input_shape: tuple[int, ...]
    """(height, width, channels) of an image or (2,) of a point."""
    class_names: tuple[str, ...]

    def __post_init__(self):
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        object.__setattr__(self, "class_names", tuple(self.class_names))

    @property
    def is_image(self) -> bool:
        """Whether the inputs are images rather than points."""
        return len(self.input_shape) == 3

    @property
    def input_name(self) -> str:
        """The column of the inputs."""
        return "image" if self.is_image else "point"


def load_labelled(settings: LabelledData) -> Splits:
    """The data set that `settings` names, in its fixed splits.

    digits: 1,257 / 180 / 360 by a fixed permutation. mnist and fashion_mnist: the official test
    split; 5,000 of the official 60,000 for training are carved for validation by a fixed
    permutation. image_folder: its own split folders, or a fixed stratified 80 / 10 / 10.
    """
    if settings.name == "digits":
        return _digits()
    if settings.name == "image_folder":
        return _image_folder(settings)
    if settings.name in ("mnist", "fashion_mnist"):
        return _published(settings.name)
    return _points(settings)


def _digits() -> Splits:
    images, labels = load_digits()
    rest, test = carve(Examples({"image": images, "label": labels}), TEST_SIZE)
    train, validation = carve(rest, DIGITS_VALIDATION)
    return Splits(train, validation, test, LabelledSpec(images.shape[1:], DIGIT_CLASSES))


def _published(name: str) -> Splits:
    splits = load_published(name)
    train, validation = carve(Examples(splits["train"]), MNIST_VALIDATION)
    classes = FASHION_CLASSES if name == "fashion_mnist" else DIGIT_CLASSES
    test = Examples(splits["test"])
    return Splits(train, validation, test, LabelledSpec(test.columns["image"].shape[1:], classes))


def _points(settings: LabelledData) -> Splits:
    points, labels = make_points(settings.name, 2 * settings.num_examples, settings.noise, seed=0)
    everything = Examples({"point": points, "label": labels})
    rest, test = carve(everything, settings.num_examples // 2)
    train, validation = carve(rest, settings.num_examples // 2)
    names = tuple(f"class {label}" for label in np.unique(labels))
    return Splits(train, validation, test, LabelledSpec((2,), names))


def _image_folder(settings: LabelledData) -> Splits:
    folder = load_image_folder(settings.path, settings.image_size, settings.channels)
    spec = LabelledSpec(folder.image_shape, folder.class_names)

    def load(row: dict) -> dict:
        """Reads the image of one row, for folders too large to hold."""
        import tensorflow as tf

        image = decode_image(tf.io.read_file(row["path"]), spec.input_shape)
        return {"image": image, "label": row["label"]}

    splits = {
        name: Examples(columns, load=load if "path" in columns else None)
        for name, columns in folder.splits.items()
    }
    return Splits(**splits, spec=spec)

"""What a classifier learns from: labelled images, points or texts, the rare classes as often as
wanted."""

from typing import ClassVar, Literal

import numpy as np

from dlapps.applications.classification.augmentation import ClassifierAugmentation
from dlapps.applications.classification.text_data import (
    ClassifierExamples,
    ClassifierSpec,
    TextSettings,
    with_tokens,
)
from dlapps.data.batches import in_order
from dlapps.data.images.labelled import LabelledData, SourceName, load_labelled, selected
from dlapps.data.splits import Data, Examples
from dlapps.data.text.labelled import LabelledTexts, load_modules, load_text_folder, load_text_tsv

READ_AT_ONCE = 512

TextName = Literal["python_modules", "text_folder", "text_tsv"]
TEXT_NAMES: tuple[TextName, ...] = ("python_modules", "text_folder", "text_tsv")


class ClassificationData(LabelledData):
    """Which labelled data to learn from, how they are varied, and what rare classes count.

    digits, shapes, blobs, xor, rings, spirals and python_modules need nothing; mnist and
    fashion_mnist are found in DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, or downloaded; image_folder,
    point_file, text_folder and text_tsv read `path`; tfds is any data set of TensorFlow Datasets
    with images and labels, read from the disk as it is needed.
    """

    name: Literal[SourceName, TextName]
    text: TextSettings = TextSettings()
    augmentation: ClassifierAugmentation = ClassifierAugmentation()
    balance: Literal["none", "weights", "resampling"] = "none"
    """What is done where classes differ in size: weights counts examples of a rare class more,
    resampling shows them more often; either way each class counts alike in training."""

    read_from_path: ClassVar = (*LabelledData.read_from_path, "text_folder", "text_tsv")


def load_classified(settings: ClassificationData) -> ClassifierExamples:
    """The data that `settings` names, in fixed splits; see `load_labelled` and `with_tokens`."""
    if settings.name in TEXT_NAMES:
        texts, shape = _load_texts(settings), (settings.text.max_length,)
        spec = ClassifierSpec(input_shape=shape, class_names=texts.class_names)
        return with_tokens(selected(Data(texts.splits, spec), settings), settings.text)
    data = load_labelled(settings)
    return Data(data.splits, ClassifierSpec(**data.spec.model_dump()))


def _load_texts(settings: ClassificationData) -> LabelledTexts:
    if settings.name == "python_modules":
        return load_modules()
    assert settings.path is not None, "the settings were checked"
    load = {"text_folder": load_text_folder, "text_tsv": load_text_tsv}[settings.name]
    return load(settings.path)


def labels_of(examples: Examples) -> np.ndarray:
    """int [N]: the labels of all examples, which are read for them where they are on the disk."""
    if "label" in examples.columns:
        return examples.columns["label"]
    batches = in_order(examples, READ_AT_ONCE, lambda columns: columns["label"])
    return np.concatenate([labels.numpy() for labels in batches])


def class_weights(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """float32 [C]: what an example of each class counts, on average over all examples 1."""
    counts = np.bincount(labels, minlength=num_classes)
    return (len(labels) / (num_classes * np.maximum(counts, 1))).astype(np.float32)


def balanced_rows(labels: np.ndarray) -> np.ndarray:
    """int64 [classes x the largest class]: rows of the examples, of each class as many.

    Those of smaller classes come round again, each about as often as the others of its class.
    """
    rows_of = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    largest = max(len(rows) for rows in rows_of)
    return np.concatenate([np.resize(rows, largest) for rows in rows_of])

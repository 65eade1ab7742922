"""Photos with their captions: what a captioner learns from, and how it reads them."""

import functools
from collections.abc import Sequence
from typing import Literal

import numpy as np
import tensorflow as tf
from pydantic import model_validator

from dlapps.applications.captioning.caption_folder import load_caption_folder
from dlapps.config.section import BatchSize, DataSettings, Positive, Section, UserPath, check_path
from dlapps.data.batches import Columns
from dlapps.data.images.decoding import decode_image
from dlapps.data.sources.folders import SPLITS
from dlapps.data.sources.published import load_published
from dlapps.data.splits import Data, Examples, numbered
from dlapps.data.text.vocabulary import PADDING, START, UNKNOWN, Vocabulary, count_tokens
from dlapps.datasets.captioned_shapes import make_captioned_shapes
from dlapps.errors import UsageError
from dlapps.metrics.captioning import caption_words

UNIT = "words"
SEPARATOR = "\n"
"""Between the captions of a photo, which are lines."""
FOLDER_SIZE = (224, 224)


class CaptionedData(DataSettings):
    """Which photos and captions to learn from.

    shapes needs nothing; flickr8k is found in DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR; caption_folder
    reads `path`.
    """

    name: Literal["flickr8k", "shapes", "caption_folder"]
    path: UserPath | None = None
    """caption_folder: a folder of photos with a captions.tsv, whose lines are "file TAB caption",
    or of train/, validation/ and test/ with one each."""
    image_size: tuple[Positive, Positive] | None = None
    """caption_folder: height and width that photos are scaled to; left out, 224x224."""
    num_examples: Positive = 3000
    """shapes: scenes to learn from; a tenth of it for validation and test each."""
    min_count: Positive = 1
    """How often a word must occur in the training captions to be known."""
    max_length: Positive = 30
    """Words of a training caption that are learned; what follows is left out."""
    batch_size: BatchSize = 64

    @model_validator(mode="after")
    def _check_owner(self):
        check_path(self.path, self.name, ["caption_folder"])
        if self.image_size is not None and self.name != "caption_folder":
            raise ValueError(f"data.image_size is for caption_folder; {self.name} has its own")
        return self


class CaptionedSpec(Section):
    """What a captioner must know of its data."""

    image_shape: tuple[int, int, int]
    """Height, width and channels that every photo is scaled to."""
    tokens: tuple[str, ...]
    """The words that are known, the most frequent first."""

    def __repr__(self) -> str:
        height, width, _ = self.image_shape
        return f"photos of {height}x{width}, {len(self.tokens)} {UNIT}"

    def vocabulary(self) -> Vocabulary:
        """Of the captions."""
        return Vocabulary(self.tokens, UNIT)


CaptionedExamples = Data[Examples, CaptionedSpec]


def load_captioned(settings: CaptionedData) -> CaptionedExamples:
    """The data set that `settings` names, a row a photo, the vocabulary from train alone.

    flickr8k: its own 6,000 / 1,000 / 1,000. shapes: generated apart for each split. caption_folder:
    its own split folders, or a fixed 80 / 10 / 10. A row's columns are its `image` uint8
    [H, W, 3], and `captions`, the lines of one text.
    """
    splits = _LOADERS[settings.name](settings)
    tokens = count_tokens(_plain_captions(splits["train"]), UNIT, settings.min_count)
    if not tokens:
        raise UsageError(
            f"No word occurs {settings.min_count} times in the training captions; lower "
            "data.min_count."
        )
    shape = _size_of(splits["train"], settings)
    return Data(splits, CaptionedSpec(image_shape=(*shape, 3), tokens=tokens))


def captions_of(examples: Examples) -> list[list[str]]:
    """The captions of each photo."""
    return [text.decode().split(SEPARATOR) for text in examples.columns["captions"]]


def _plain_captions(examples: Examples) -> list[str]:
    """The captions of all photos, one after another, as they are learned: words alone."""
    return [" ".join(caption_words(text)) for photo in captions_of(examples) for text in photo]


def unknown_words(examples: Examples, vocabulary: Vocabulary) -> float:
    """The share of the words of all captions that the vocabulary lacks."""
    ids = vocabulary.encode(tf.constant(_plain_captions(examples))).numpy()
    return float((ids == UNKNOWN).sum() / (ids >= UNKNOWN).sum())


def caption_rows(photos: Examples, vocabulary: Vocabulary, max_length: int) -> Examples:
    """A row for each caption of each of the photos, whose other columns are found by `read`.

    The columns are `photo`, the number of its photo, `target` int32 [N, U] (see Vocabulary.encode)
    and `length`, the number of its tokens with the END.
    """
    counts = [len(of_photo) for of_photo in captions_of(photos)]
    target = vocabulary.encode(tf.constant(_plain_captions(photos)), max_length).numpy()
    columns = {
        "photo": np.repeat(np.arange(len(counts)), counts),
        "target": target,
        "length": (target != PADDING).sum(axis=1).astype(np.int32),
    }
    # As tensors, which a graph refers to; arrays would be written into it.
    shared = {n: tf.constant(c) for n, c in photos.columns.items() if n != "captions"}

    def read(batch: Columns) -> Columns:
        found = {name: tf.gather(column, batch["photo"]) for name, column in shared.items()}
        return {**batch, **found}

    return Examples(columns, photos.load, read=read)


def teacher_forced(columns: Columns) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """(The tokens before each, those to be said, their weights) of a batch of caption rows.

    All are [N, U], trimmed to the longest; the weights are 0 at padding.
    """
    target = columns["target"]
    target = target[:, : tf.reduce_max(tf.math.count_nonzero(target != PADDING, axis=1))]
    return shifted(target), target, tf.cast(target != PADDING, tf.float32)


def shifted(tokens: tf.Tensor) -> tf.Tensor:
    """Before each of the tokens [N, U], the token before it; START before the first."""
    return tf.pad(tokens[:, :-1], [[0, 0], [1, 0]], constant_values=START)


def _flickr8k(_: CaptionedData) -> dict[str, Examples]:
    return {
        split: _examples({"image": columns["image"]}, _decoded(columns["captions"]), split)
        for split, columns in load_published("flickr8k").items()
    }


def _shapes(settings: CaptionedData) -> dict[str, Examples]:
    held_out = max(1, settings.num_examples // 10)
    splits = {}
    for seed, split in enumerate(SPLITS):
        count = settings.num_examples if split == "train" else held_out
        images, captions = make_captioned_shapes(count, seed=seed)
        splits[split] = _examples({"image": images}, captions, split)
    return splits


def _caption_folder(settings: CaptionedData) -> dict[str, Examples]:
    assert settings.path is not None, "the settings were checked"
    size = settings.image_size or FOLDER_SIZE
    load = functools.partial(_with_image, size=size)
    splits = {}
    for split, files in load_caption_folder(settings.path, size).items():
        columns = {**files.columns, "captions": _joined(files.captions)}
        on_disk = "path" in columns
        splits[split] = Examples(
            columns, load if on_disk else None, ("path",) if on_disk else (), names=files.names
        )
    return splits


_LOADERS = {"flickr8k": _flickr8k, "shapes": _shapes, "caption_folder": _caption_folder}


def _with_image(row: Columns, size: tuple[int, int]) -> Columns:
    """The row with its photo in place of where it lies, for folders too large to hold."""
    return {**row, "image": decode_image(tf.io.read_file(row["path"]), (*size, 3))}


def _size_of(examples: Examples, settings: CaptionedData) -> tuple[int, int]:
    if "image" not in examples.columns:
        return settings.image_size or FOLDER_SIZE
    _, height, width, _ = examples.columns["image"].shape
    return height, width


def _examples(
    columns: dict[str, np.ndarray], captions: Sequence[Sequence[str]], split: str
) -> Examples:
    names = numbered(split, len(captions))
    return Examples({**columns, "captions": _joined(captions)}, names=names)


def _decoded(captions: np.ndarray) -> list[list[str]]:
    return [[text.decode() for text in of_photo] for of_photo in captions]


def _joined(captions: Sequence[Sequence[str]]) -> np.ndarray:
    return np.array([SEPARATOR.join(of_photo).encode() for of_photo in captions], object)

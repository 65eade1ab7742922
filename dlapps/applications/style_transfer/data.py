"""The images of style transfer: contents to be painted, and one that shows the style."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf
from pydantic import model_validator

from dlapps.config.section import BatchSize, DataSettings, Positive, Section, UserPath, check_path
from dlapps.data.batches import Columns
from dlapps.data.images.decoding import decode_image, read_image, resized
from dlapps.data.images.folder import load_split
from dlapps.data.sources.folders import IMAGES, SPLITS, WHERE, warn_of_unreadable
from dlapps.data.splits import Data, Examples, carve_tenths
from dlapps.datasets.brush_strokes import brush_strokes
from dlapps.datasets.shapes import make_shapes
from dlapps.errors import UsageError

FOLDER_SIZE = (128, 128)
LONGER_SIDE = 256
"""Of the one content image of a picture, where no size is given."""
IN_MEMORY = 2**30
FOR_MANY, FOR_ONE = ("shapes", "image_folder"), ("shapes", "image")
"""Where the contents may come from that are learned from, and the one that is painted."""


class StyleData(DataSettings):
    """The contents, and the style.

    shapes needs nothing: scenes are generated, of which the first is the content of a picture.
    """

    name: Literal["shapes", "image_folder", "image"]
    path: UserPath | None = None
    """image_folder: a folder of photos, however deep they lie; classes do not matter. image: one
    photo."""
    style: UserPath | None = None
    """An image of the style; left out, brush strokes are drawn."""
    style_size: Positive = 384
    """The longer side that a larger style image is scaled to: the larger, the broader what is
    painted."""
    image_size: tuple[Positive, Positive] | None = None
    """Height and width that contents are scaled to; left out, 128x128, and of one image 256 pixels
    at most for its longer side."""
    num_examples: Positive = 500
    """shapes: scenes to learn from; a tenth of it for validation and test each."""
    batch_size: BatchSize = 4

    @model_validator(mode="after")
    def _check_path(self):
        check_path(self.path, self.name, ["image_folder", "image"])
        return self


class StyleSpec(Section):
    """What a model must know of its images."""

    image_shape: tuple[int, int, int]
    """Height, width and channels of those it learns from, or of its one picture."""
    style_sha256: str
    """The digest of the style image's pixels."""


ContentImages = Data[Examples, StyleSpec]


def load_contents(settings: StyleData) -> ContentImages:
    """Content images, uint8 [N, height, width, 3], to learn from, to choose by and to measure on.

    Those of a folder are divided 80 / 10 / 10 by a fixed permutation of their sorted names.
    """
    size = settings.image_size or FOLDER_SIZE
    if settings.name == "image_folder":
        splits = _load_folder(settings, size)
    else:
        splits = {}
        for number, split in enumerate(SPLITS):
            count = settings.num_examples if split == "train" else -(-settings.num_examples // 10)
            splits[split] = Examples({"image": _scenes(count, size, number)})
    return Data(splits, _spec(settings, size))


def load_content(settings: StyleData) -> ContentImages:
    """The one content image of a picture, in each split: there is nothing else to measure on."""
    if settings.path is None:
        image = _scenes(1, settings.image_size or (LONGER_SIDE, LONGER_SIDE), seed=0)[0]
    elif settings.image_size:
        image = read_image(settings.path, (*settings.image_size, 3))
    else:
        image = _read_scaled(settings.path, LONGER_SIDE)
    examples = Examples({"image": image[None]})
    return Data(dict.fromkeys(SPLITS, examples), _spec(settings, image.shape[:2]))


def load_style(settings: StyleData) -> np.ndarray:
    """The style image, uint8 [height, width, 3]; UsageError for what is no image."""
    if settings.style is None:
        return brush_strokes(settings.style_size)
    return _read_scaled(settings.style, settings.style_size)


def _spec(settings: StyleData, size: tuple[int, int]) -> StyleSpec:
    style = load_style(settings)
    digest = hashlib.sha256(f"{style.shape}".encode() + style.tobytes()).hexdigest()
    return StyleSpec(image_shape=(*size, 3), style_sha256=digest)


def _scenes(count: int, size: tuple[int, int], seed: int) -> np.ndarray:
    height, width = size
    return make_shapes(count, max(size), seed)["image"][:, :height, :width]


def _read_scaled(path: Path, longer_side: int) -> np.ndarray:
    """The image in the file, uint8 [height, width, 3], no side of it longer than that."""
    image = read_image(path, (None, None, 3))
    height, width = image.shape[:2]
    scale = min(1.0, longer_side / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return resized(image[None], size)[0].numpy()


def _load_folder(settings: StyleData, size: tuple[int, int]) -> dict[str, Examples]:
    assert settings.path is not None, "the settings were checked"
    root, shape = settings.path, (*size, 3)
    if not root.is_dir():
        raise UsageError(f"The image folder {root} does not exist or is no folder. {WHERE}")
    files = sorted(
        file
        for file in root.rglob("*")
        if file.suffix.lower() in IMAGES.suffixes
        and not file.name.startswith(".")
        and not file.is_dir()
    )
    if len(files) < len(SPLITS):
        raise UsageError(
            f"{root} holds {len(files)} images ({', '.join(IMAGES.suffixes)}), and at least "
            f"{len(SPLITS)} are needed. {WHERE}"
        )
    in_memory = len(files) * int(np.prod(shape)) <= IN_MEMORY
    splits, unreadable = {}, []
    for split, chosen in carve_tenths(files, SPLITS[1:]).items():
        arrays, failed = load_split(split, [(file, 0) for file in chosen], shape, in_memory)
        unreadable += failed
        if not len(arrays["label"]):
            raise UsageError(f"None of the {split} images in {root} can be decoded.")
        del arrays["label"]
        splits[split] = (
            Examples(arrays) if in_memory else Examples(arrays, _loader(shape), ("path",))
        )
    warn_of_unreadable(unreadable, len(files), IMAGES)
    return {split: splits[split] for split in SPLITS}


def _loader(shape: tuple[int, int, int]):
    """Reads the image of one row, for folders too large to hold."""

    def load(row: Columns) -> Columns:
        return {"image": decode_image(tf.io.read_file(row["path"]), shape)}

    return load
